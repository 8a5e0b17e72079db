package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.CatalogConfigs;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.serving.CircuitBreaker;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.LoadLimit;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Loads that hang on several servers, as many as may run at once, and a model that is alive. */
class HungServersTest {

  /** Far longer than the test: what waits for a load that hangs waits in vain. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private static final int MOST = 16;
  private static final int SERVERS = 4;

  private final Vertx vertx = Vertx.vertx();
  private final FakeModelServer alive = ProtocolUnderTest.OPEN_INFERENCE.start();
  private final List<FakeModelServer> hung =
      IntStream.range(0, SERVERS)
          .mapToObj(i -> ProtocolUnderTest.OPEN_INFERENCE.start().hang())
          .toList();
  private final HeldMessages messages = new HeldMessages();
  private final Map<String, Replica> servers = new HashMap<>();

  @AfterEach
  void close() {
    alive.close();
    hung.forEach(FakeModelServer::close);
    vertx.close();
  }

  @Test
  void aModelOnAServerThatIsAliveDoesNotWaitForTheTimeoutsOfOthersThoughTheyHaveEveryTurn() {
    servers.put("alive", alive.replica());
    for (int i = 0; i < MOST; i++) {
      servers.put("hung-" + i, hung.get(i % SERVERS).replica());
    }
    List<Model> models = servers.keySet().stream().map(HungServersTest::model).toList();
    Lanes lanes = lanes(models);
    models.stream().filter(m -> !m.name().equals("alive")).forEach(m -> publish(lanes, m));
    await().until(() -> hung.stream().mapToLong(HungServersTest::loads).sum() == MOST);

    Instant published = Instant.now();
    CompletableFuture<Instant> acked = publish(lanes, model("alive"));
    await().until(acked::isDone);

    assertThat(lanes.statuses())
        .filteredOn(status -> !status.model().equals("alive"))
        .hasSize(MOST)
        .allMatch(status -> status.phase() == LaneStatus.Phase.ROLLING_OUT)
        .allMatch(status -> status.consecutiveFailures() == 0);
    System.out.printf(
        "HungServersTest, %d servers hang with all of the %d loads that may run at once: a model on"
            + " another is refreshed after %d ms%n",
        SERVERS, MOST, Duration.between(published, acked.join()).toMillis());
  }

  private static long loads(FakeModelServer server) {
    return server.requests().stream().filter(request -> request.uri().endsWith("/load")).count();
  }

  private static Model model(String name) {
    return CatalogConfigs.catalog(
            CatalogConfigs.model(name, "refresh.on-start", "never", "refresh.quiet-period", "10ms"))
        .model(name)
        .orElseThrow();
  }

  /** As the agent joins them. */
  private Lanes lanes(List<Model> models) {
    LoadLimit limit = new LoadLimit(MOST);
    CircuitBreaker breaker = new CircuitBreaker();
    ReplicaLoader loader =
        breaker.guard(ProtocolUnderTest.OPEN_INFERENCE.loader(vertx, TIMEOUT), limit::limit);
    Lanes lanes =
        new Lanes(
            models,
            model -> () -> Uni.createFrom().item(Set.of(servers.get(model.name()))),
            model -> loader,
            new LaneContext(
                "test",
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
    return lanes;
  }

  /** Completes when the update is acknowledged. */
  private CompletableFuture<Instant> publish(Lanes lanes, Model model) {
    CompletableFuture<Instant> acked = new CompletableFuture<>();
    HeldMessage message =
        messages.hold(
            model.name(),
            new Delivery() {
              @Override
              public void ack() {
                acked.complete(Instant.now());
              }

              @Override
              public void nack(String reason) {
                acked.completeExceptionally(new IllegalStateException(reason));
              }

              @Override
              public void supersede() {
                acked.completeExceptionally(new IllegalStateException("delivered again"));
              }
            });
    Instant now = Instant.now();
    FeatureUpdate update =
        new FeatureUpdate(
            Optional.empty(),
            "driver_hourly_stats",
            OptionalLong.empty(),
            Set.of(),
            List.of(),
            now,
            Change.VALUES,
            OptionalLong.empty(),
            Optional.empty());
    lanes.offer(model, Arrival.of(lanes.nextSequence(), now, update, message));
    message.release();
    return acked;
  }
}
