package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.Endpoint;
import io.modelrefresh.catalog.FeatureViewSelector;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.refresh.LaneStatus.ReplicaStatus;
import io.modelrefresh.refresh.LaneStatus.State;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.ProtocolUnderTest;
import io.modelrefresh.serving.ReplicaFault;
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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every protocol times everything a replica can do to a load: what becomes of the update. One of
 * two replicas has the fault; the lane, the protocol's adapter and the sockets are real.
 *
 * <table>
 *   <caption>What becomes of the update</caption>
 *   <tr><th>the load</th><th>the update</th></tr>
 *   <tr><td>is confirmed nevertheless</td><td>converges with one load of each replica</td></tr>
 *   <tr><td>fails once</td><td>converges after a retry, and is acked only then</td></tr>
 *   <tr><td>fails while the fault lasts</td><td>is owed, and the model failing, and why is shown;
 *   once the fault is lifted it converges</td></tr>
 * </table>
 */
class LaneOutcomeTest {

  private static final Duration RESYNC = Duration.ofMinutes(1);

  private static Vertx vertx;

  private final HeldMessages messages = new HeldMessages();
  private final List<String> settled = new CopyOnWriteArrayList<>();
  private final List<RefreshListener.Outcome> rollouts = new CopyOnWriteArrayList<>();
  private Model model;
  private FakeModelServer faulty;
  private FakeModelServer healthy;
  private Lanes lanes;

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
    lanes.close();
    faulty.heal().close();
    healthy.close();
  }

  static Stream<Arguments> harmless() {
    return ReplicaFault.ofEveryProtocol().filter(row -> fault(row).isHarmless());
  }

  static Stream<Arguments> failuresThatPass() {
    return failures().filter(row -> fault(row).passes());
  }

  static Stream<Arguments> failures() {
    return ReplicaFault.ofEveryProtocol().filter(row -> !fault(row).isHarmless());
  }

  private static ReplicaFault fault(Arguments row) {
    return (ReplicaFault) row.get()[1];
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("harmless")
  void convergesWithOneLoadOfEachReplica(ProtocolUnderTest protocol, ReplicaFault fault) {
    given(protocol, fault);
    fault.strikeForGood(faulty);

    publish();

    awaitAcked();
    assertThat(faulty.loads("m")).hasSize(1);
    assertThat(healthy.loads("m")).hasSize(1);
    assertThat(status().pending()).isEmpty();
    assertThat(status().failing()).isFalse();
  }

  @ParameterizedTest(name = "{0}: {1}, once")
  @MethodSource("failuresThatPass")
  void convergesAfterARetryOnceTheFaultHasPassed(ProtocolUnderTest protocol, ReplicaFault fault) {
    given(protocol, fault);
    fault.strikeOnce(faulty);

    publish();

    awaitAcked();
    assertThat(faulty.loads("m").size()).isGreaterThan(faulty.doneLoads("m").size());
    assertThat(faulty.doneLoads("m")).hasSize(1);
    assertThat(healthy.doneLoads("m")).hasSize(1);
    // Of a server that crashed, the next attempt may find nobody who listens yet.
    eventually()
        .untilAsserted(
            () ->
                assertThat(rollouts)
                    .startsWith(RefreshListener.Outcome.FAILURE)
                    .endsWith(RefreshListener.Outcome.SUCCESS)
                    .containsOnlyOnce(RefreshListener.Outcome.SUCCESS));
    assertThat(status().pending()).isEmpty();
  }

  @ParameterizedTest(name = "{0}: {1}, until lifted")
  @MethodSource("failures")
  void staysOwedAndTheModelFailingUntilTheFaultIsLifted(
      ProtocolUnderTest protocol, ReplicaFault fault) {
    given(protocol, fault);
    fault.strikeForGood(faulty);

    publish();

    eventually().until(() -> status().failing());
    eventually()
        .untilAsserted(
            () -> {
              assertThat(String.join("\n", status().pending()))
                  .contains(faulty.address())
                  .contains(fault.reason(protocol));
              assertThat(replica(faulty).lastError().orElse("")).contains(fault.reason(protocol));
            });
    assertThat(status().pending()).contains("owes a refresh for stats");
    assertThat(status().heldMessages()).isEqualTo(1);
    assertThat(replica(faulty).state()).isNotEqualTo(State.FRESH);
    if (fault.isReplicasOwn()) {
      assertThat(replica(healthy).state()).isEqualTo(State.FRESH);
      assertThat(healthy.loads("m")).hasSize(1);
    }
    assertThat(settled).isEmpty();
    faulty.heal();

    awaitAcked();
    assertThat(status().failing()).isFalse();
    assertThat(status().pending()).isEmpty();
    assertThat(healthy.doneLoads("m")).hasSize(1);
    assertThat(replica(faulty).state()).isEqualTo(State.FRESH);
  }

  // ---- Given ----

  private void given(ProtocolUnderTest protocol, ReplicaFault fault) {
    faulty = protocol.start();
    healthy = protocol.start();
    model =
        new Model(
            "m",
            List.of(new FeatureViewSelector(Optional.empty(), Optional.empty(), Optional.empty())),
            false,
            new ServerSettings(
                ServerSettings.Protocol.valueOf(protocol.name()),
                new ReplicaAddress.Static(List.of(new Endpoint("http", "127.0.0.1", 1))),
                "m",
                fault.timeout(),
                Optional.empty()),
            new RefreshPolicy(
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                new MaxUnavailable(1, false),
                2,
                OnStart.NEVER,
                Optional.empty()));
    Timer timer =
        (delay, task) -> {
          long id = vertx.setTimer(Math.max(1, delay.toMillis()), fired -> task.run());
          return () -> vertx.cancelTimer(id);
        };
    Backoff backoff = new Backoff(Duration.ofMillis(20), Duration.ofMillis(100), new Random(7));
    ReplicaLoader hurried = protocol.loader(vertx, fault.timeout());
    ReplicaLoader ample = protocol.loader(vertx, Duration.ofSeconds(20));
    ReplicaLoader loader =
        hurried.loadingBy(
            (replica, request) ->
                (replica.equals(faulty.replica()) ? hurried : ample).load(replica, request));
    lanes =
        new Lanes(
            List.of(model),
            m -> () -> Uni.createFrom().item(Set.of(faulty.replica(), healthy.replica())),
            m -> loader,
            new LaneContext("test", Clock.systemUTC(), timer, backoff, () -> 0, new Reports()),
            RESYNC);
    lanes.start();
  }

  private final class Reports implements RefreshListener {
    @Override
    public void coalesced(String name) {}

    @Override
    public void rolledOut(RolloutReport report) {
      rollouts.add(report.outcome());
    }
  }

  private void publish() {
    HeldMessage message = messages.hold("1", new Settlement());
    FeatureUpdate update =
        new FeatureUpdate(
            Optional.empty(),
            "stats",
            OptionalLong.empty(),
            Set.of(),
            List.of(),
            Instant.now(),
            Change.VALUES,
            OptionalLong.empty(),
            Optional.empty());
    lanes.offer(model, Arrival.of(lanes.nextSequence(), Instant.now(), update, message));
    message.release();
  }

  private final class Settlement implements Delivery {
    @Override
    public void ack() {
      settled.add("ack");
    }

    @Override
    public void nack(String reason) {
      settled.add("nack");
    }

    @Override
    public void supersede() {
      settled.add("superseded");
    }
  }

  // ---- Then ----

  private static ConditionFactory eventually() {
    return await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10));
  }

  private void awaitAcked() {
    eventually().until(() -> !settled.isEmpty() && status().lastSuccess().isPresent());
    assertThat(settled).containsExactly("ack");
  }

  private LaneStatus status() {
    return lanes.status("m").orElseThrow();
  }

  private ReplicaStatus replica(FakeModelServer server) {
    return status().replicas().stream()
        .filter(replica -> replica.address().equals(server.address()))
        .findAny()
        .orElseThrow();
  }
}
