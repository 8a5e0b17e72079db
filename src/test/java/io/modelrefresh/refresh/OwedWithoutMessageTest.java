package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.CatalogConfigs;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.serving.FakeTriton;
import io.modelrefresh.serving.LoadOutcome;
import io.modelrefresh.serving.LoadRequest;
import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.ProtocolUnderTest;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.serving.ReplicaLoader;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An agent dies while it owes a refresh that no message guarantees, with replicas whose own marks
 * agree: the agent that comes after it, as configured by default, has to pay.
 */
class OwedWithoutMessageTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static Vertx vertx;

  private final List<FakeTriton> tritons = List.of(triton(), triton());
  private final HeldMessages messages = new HeldMessages();

  private static FakeTriton triton() {
    return FakeTriton.start().model("m");
  }

  @BeforeAll
  static void open() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void close() {
    vertx.close();
  }

  @AfterEach
  void stop() {
    tritons.forEach(triton -> triton.heal().close());
  }

  static Stream<Arguments> causes() {
    return Stream.of(
        cause("the stream was open again after it had failed for good", Lanes::oweAll),
        cause("somebody asked for it", lanes -> lanes.refresh("m")),
        cause(
            "a pause ended",
            lanes -> {
              lanes.pause("m");
              lanes.resume("m");
            }),
        cause(
            "the model consumes another view",
            lanes -> lanes.prepare(List.of(model("stats,cards"))).run()),
        cause(
            "the model was taken out and added again",
            lanes -> {
              lanes.prepare(List.of()).run();
              lanes.prepare(List.of(model("stats"))).run();
            }));
  }

  private static Arguments cause(String why, Consumer<Lanes> what) {
    return Arguments.of(why, what);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("causes")
  void theNextAgentPaysWhatADeadOneOwed(String why, Consumer<Lanes> cause) {
    Agent first = new Agent("first", "stats");
    first.publish();
    eventually(() -> messages.count() == 0 && first.isIdle());
    assertThat(tritons.get(0).config("m").getJsonObject("parameters").encode()).contains("first-");

    tritons.forEach(triton -> triton.failAlways(503));
    long before = loads();
    cause.accept(first.lanes);
    eventually(() -> loads() > before);
    first.kill();
    tritons.forEach(FakeTriton::heal);
    List<Integer> reloads = reloads();
    Agent second = new Agent("second", why.contains("another view") ? "stats,cards" : "stats");

    eventually(second::isIdle);
    assertThat(reloads()).isEqualTo(reloads.stream().map(count -> count + 1).toList());
    assertThat(second.status().replicas())
        .allMatch(replica -> replica.observedWatermark().isPresent());
    second.kill();
  }

  private long loads() {
    return tritons.stream().mapToLong(triton -> triton.loadCount("m")).sum();
  }

  private List<Integer> reloads() {
    return tritons.stream().map(triton -> triton.reloads("m")).toList();
  }

  private static void eventually(java.util.concurrent.Callable<Boolean> condition) {
    await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10)).until(condition);
  }

  /** As the catalog has it when nothing is said of how it is refreshed on start. */
  private static Model model(String views) {
    return CatalogConfigs.catalog(
            CatalogConfigs.model(
                "m",
                "feature-views",
                views,
                "server.protocol",
                "triton",
                "refresh.max-wait",
                "100ms",
                "refresh.quiet-period",
                "10ms"))
        .model("m")
        .orElseThrow();
  }

  /** One process' lanes. */
  private final class Agent {

    private final AtomicBoolean dead = new AtomicBoolean();
    private final AtomicInteger underWay = new AtomicInteger();
    private final Model model;
    private final Lanes lanes;

    Agent(String process, String views) {
      model = model(views);
      ReplicaLoader loader = mortal(ProtocolUnderTest.TRITON.loader(vertx, TIMEOUT));
      lanes =
          new Lanes(
              List.of(model),
              m ->
                  () ->
                      Uni.createFrom()
                          .item(Set.of(tritons.get(0).replica(), tritons.get(1).replica())),
              m -> loader,
              new LaneContext(
                  process,
                  Clock.systemUTC(),
                  (delay, task) -> {
                    long id = vertx.setTimer(Math.max(1, delay.toMillis()), fired -> task.run());
                    return () -> vertx.cancelTimer(id);
                  },
                  new Backoff(Duration.ofMillis(20), Duration.ofMillis(100), new Random(7)),
                  () -> 0,
                  new RefreshListeners(List.of())),
              Duration.ofMinutes(1));
      lanes.start();
    }

    /** From now on nothing it does reaches a replica: what it had begun has ended. */
    void kill() {
      dead.set(true);
      eventually(() -> underWay.get() == 0);
    }

    private ReplicaLoader mortal(ReplicaLoader loader) {
      return new ReplicaLoader() {
        @Override
        public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
          underWay.incrementAndGet();
          if (dead.get()) {
            underWay.decrementAndGet();
            return Uni.createFrom().nothing();
          }
          return loader.load(replica, request).onTermination().invoke(underWay::decrementAndGet);
        }

        @Override
        public Uni<ObservedWatermark> observed(Replica replica) {
          return loader.observed(replica);
        }
      };
    }

    LaneStatus status() {
      return lanes.status("m").orElseThrow();
    }

    boolean isIdle() {
      return status().phase() == LaneStatus.Phase.IDLE && status().lastSuccess().isPresent();
    }

    void publish() {
      HeldMessage message = messages.hold("1", new Ignored());
      Instant now = Instant.now();
      FeatureUpdate update =
          new FeatureUpdate(
              Optional.empty(),
              "stats",
              OptionalLong.empty(),
              Set.of(),
              List.of(),
              now,
              Change.VALUES,
              OptionalLong.empty(),
              Optional.empty());
      lanes.offer(model, Arrival.of(lanes.nextSequence(), now, update, message));
      message.release();
    }
  }

  private static final class Ignored implements Delivery {
    @Override
    public void ack() {}

    @Override
    public void nack(String reason) {}

    @Override
    public void supersede() {}
  }
}
