package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.PubsubMessage;
import io.micrometer.core.instrument.MeterRegistry;
import io.modelrefresh.agent.ServerFarm.FarmModel;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import io.modelrefresh.serving.FakeTriton;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The whole agent at size: 200 models on 5 replicas each, 50,000 updates of 100 feature views,
 * while replicas fail and restart at random.
 */
@QuarkusTest
@WithTestResource(
    value = ServerFarm.class,
    initArgs = {
      @ResourceArg(name = "models", value = "200"),
      @ResourceArg(name = "groups", value = "10"),
      @ResourceArg(name = "replicas", value = "5"),
      @ResourceArg(name = "views", value = "" + ConvergenceTest.VIEWS),
      @ResourceArg(name = "quiet-period", value = ConvergenceTest.QUIET_PERIOD),
      @ResourceArg(name = "max-wait", value = ConvergenceTest.MAX_WAIT)
    })
class ConvergenceTest {

  static final int VIEWS = 100;
  static final String QUIET_PERIOD = "500ms";
  static final String MAX_WAIT = "2s";

  private static final Windows WINDOWS = new Windows(Duration.ofMillis(500), Duration.ofSeconds(2));

  /** The updates come in quarters, each followed by a rest without faults, until all is settled. */
  private static final int QUARTERS = 4;

  private static final int UPDATES_A_QUARTER = 12_500;
  private static final int UPDATES_A_BATCH = 25;
  private static final Duration BATCH_INTERVAL = Duration.ofMillis(10);

  /** Of each group so many servers are struck by faults; the others are not. */
  private static final int STRUCK = 3;

  private static final Duration STRIKE_INTERVAL = Duration.ofMillis(120);
  private static final int LONGEST_FAULT_MILLIS = 1_500;

  /**
   * From the end of the first quarter to that of the last. Some 14 MiB of it grow by right: the ids
   * of what was acked, which are remembered, and this test's own records. What kept so much as 300
   * bytes more for each update would exceed it.
   */
  private static final long MOST_GROWTH_BYTES = 22 << 20;

  @Inject EmbeddedPubSub emulator;
  @Inject Lanes lanes;
  @Inject HeldMessages messages;
  @Inject MeterRegistry meters;
  @Inject ArrivalTimes arrivalTimes;

  private final ScheduledExecutorService publisher = Executors.newSingleThreadScheduledExecutor();
  private final ScheduledExecutorService faults = Executors.newSingleThreadScheduledExecutor();
  private final Random drawn = new Random(ServerFarm.SEED + 1);
  private final Random drawnFaults = new Random(ServerFarm.SEED + 2);
  private PublishTimes publishTimes;
  private final Map<String, Instant> lastPublished = new HashMap<>();
  private final Map<String, List<String>> idsOfView = new HashMap<>();
  private final List<String> ids = new ArrayList<>();
  private Map<String, Instant> arrivals;
  private int strikes;
  private Topic topic;
  private SubscriptionProbe subscription;

  @BeforeEach
  void given() {
    topic = new Topic(emulator.address(), "dev");
    subscription = emulator.probe(topic.subscription());
    publishTimes = PublishTimes.of(emulator, topic.subscription());
    arrivals = arrivalTimes.keep();
  }

  @AfterEach
  void end() {
    publisher.shutdownNow();
    faults.shutdownNow();
    topic.close();
  }

  @Test
  void everyReplicaConvergesWithFewLoadsAndNothingIsLostHeldOrKeptInMemory() {
    System.out.println("ConvergenceTest: repeat with -Dseed=" + ServerFarm.SEED);
    List<Long> heap = new ArrayList<>();
    List<Long> convergences = new ArrayList<>();

    for (int quarter = 0; quarter < QUARTERS; quarter++) {
      ScheduledFuture<?> striking = strikeAtRandom();
      publishAQuarter();
      Instant published = Instant.now();
      striking.cancel(false);
      heal();
      await("every model converges")
          .untilAsserted(
              () -> assertThat(lanes.statuses()).allMatch(status -> status.pending().isEmpty()));
      convergences.add(Duration.between(published, Instant.now()).toMillis());
      await("everything published is acked").until(() -> subscription.backlog() == 0);
      heap.add(usedHeap());
    }

    assertThat(strikes).as("faults").isGreaterThan(50);
    assertEveryReplicaLoadedAfterTheLastUpdateOfItsViews();
    Excess excess = loadsBeyondTheLeast();
    assertThat(excess.most()).as("loads beyond the least, at most").isLessThanOrEqualTo(2);
    assertNothingLostOrHeld();
    long growth = heap.get(QUARTERS - 1) - heap.get(0);
    assertThat(growth).as("heap after quarters: " + heap).isLessThan(MOST_GROWTH_BYTES);
    System.out.printf(
        "ConvergenceTest: %d updates, %d faults, %d loads done; fault-free replicas: %.2f loads"
            + " where %.2f are the least, %d beyond the least at most; converged after each"
            + " quarter, ms: %s; heap then, MB: %s%n",
        ids.size(),
        strikes,
        excess.allLoads(),
        excess.meanLoads(),
        excess.meanLeast(),
        excess.most(),
        convergences,
        heap.stream().map(bytes -> bytes >> 20).toList());
  }

  // ---- When ----

  private void publishAQuarter() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    int end = ids.size() + UPDATES_A_QUARTER;
    ScheduledFuture<?> publishing =
        publisher.scheduleAtFixedRate(
            () -> {
              try {
                if (ids.size() < end) {
                  publishABatch();
                } else {
                  done.complete(null);
                }
              } catch (RuntimeException e) {
                done.completeExceptionally(e);
              }
            },
            0,
            BATCH_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
    done.orTimeout(60, TimeUnit.SECONDS).join();
    publishing.cancel(false);
  }

  private void publishABatch() {
    List<String> views = drawn.ints(UPDATES_A_BATCH, 0, VIEWS).mapToObj(i -> "v" + i).toList();
    List<PubsubMessage> batch = views.stream().map(Topic::updateOf).toList();
    List<String> batchIds = topic.publish(batch);
    ids.addAll(batchIds);
    for (int i = 0; i < views.size(); i++) {
      lastPublished.put(views.get(i), publishTimes.of(batchIds.get(i)));
      idsOfView.computeIfAbsent(views.get(i), v -> new ArrayList<>()).add(batchIds.get(i));
    }
  }

  private ScheduledFuture<?> strikeAtRandom() {
    return faults.scheduleAtFixedRate(
        () -> {
          FakeModelServer server =
              ServerFarm.groups()
                  .get(drawnFaults.nextInt(ServerFarm.groups().size()))
                  .get(drawnFaults.nextInt(STRUCK));
          strike(server);
          strikes++;
          faults.schedule(
              server::heal, drawnFaults.nextInt(LONGEST_FAULT_MILLIS), TimeUnit.MILLISECONDS);
        },
        0,
        STRIKE_INTERVAL.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private void strike(FakeModelServer server) {
    int times = 1 + drawnFaults.nextInt(5);
    if (server instanceof FakeTriton && drawnFaults.nextInt(10) == 0) {
      server.pretendNext(times);
      return;
    }
    switch (drawnFaults.nextInt(11)) {
      case 0 -> server.failNext(times, 503);
      case 1 -> server.failNext(times, 400);
      case 2 -> server.resetNext(times);
      case 3 -> server.closeNext(times);
      case 4 -> server.breakOffNext(times);
      case 5 -> server.ignoreNext(1);
      case 6 -> server.crashNext(times);
      case 7 -> server.stop();
      case 8 -> server.hang();
      case 9 -> server.neverReady();
      default -> server.slowLoads(Duration.ofMillis(50));
    }
  }

  private void heal() {
    CompletableFuture.runAsync(
            () -> ServerFarm.groups().forEach(group -> group.forEach(FakeModelServer::heal)),
            faults)
        .join();
  }

  // ---- Then ----

  private void assertEveryReplicaLoadedAfterTheLastUpdateOfItsViews() {
    for (FarmModel model : ServerFarm.models()) {
      Instant last =
          model.views().stream().map(lastPublished::get).max(Instant::compareTo).orElseThrow();
      for (FakeModelServer server : model.servers()) {
        List<DoneLoad> loads = server.doneLoads(model.name());
        assertThat(loads.get(loads.size() - 1).startedAt())
            .as("last load of %s on %s", model.name(), server.address())
            .isAfterOrEqualTo(last);
      }
    }
  }

  private Stream<Instant> arrivalsOf(FarmModel model) {
    return model.views().stream().map(idsOfView::get).flatMap(List::stream).map(arrivals::get);
  }

  /** How many loads there were, and would have been the least, on replicas without a fault. */
  private record Excess(long allLoads, double meanLoads, double meanLeast, int most) {}

  private Excess loadsBeyondTheLeast() {
    long all = 0;
    long loads = 0;
    long least = 0;
    int most = Integer.MIN_VALUE;
    int replicas = 0;
    for (FarmModel model : ServerFarm.models()) {
      int leastOfModel = WINDOWS.count(arrivalsOf(model).sorted().toList());
      for (int i = 0; i < model.servers().size(); i++) {
        int done = model.servers().get(i).doneLoads(model.name()).size();
        all += done;
        if (i >= STRUCK) {
          loads += done;
          least += leastOfModel;
          most = Math.max(most, done - leastOfModel);
          replicas++;
        }
      }
    }
    return new Excess(all, (double) loads / replicas, (double) least / replicas, most);
  }

  private void assertNothingLostOrHeld() {
    assertThat(new HashSet<>(subscription.ackedMessageIds()).containsAll(ids)).isTrue();
    assertThat(messages.count()).isZero();
    assertThat(RestAssured.get("/v1/models").jsonPath().getList("held_messages", Integer.class))
        .hasSize(ServerFarm.models().size())
        .containsOnly(0);
    assertThat(meters.get("pubsub.outstanding.messages").gauge().value()).isZero();
    assertThat(meters.get("pubsub.outstanding.bytes").gauge().value()).isZero();
  }

  private static long usedHeap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
