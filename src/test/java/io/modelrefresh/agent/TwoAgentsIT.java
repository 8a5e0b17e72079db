package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import io.modelrefresh.serving.FakeTriton;
import io.modelrefresh.update.Seeds;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Agents without a lease share a subscription, so that each receives some of the updates of every
 * view. Together they converge as one does, also if one of them is killed.
 */
class TwoAgentsIT {

  private static final int MODELS = 20;

  /** Every model consumes its own view, and one that it shares with the next. */
  private static final int VIEWS = MODELS;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Duration RESYNC = Duration.ofSeconds(5);
  private static final long SEED = Seeds.next();

  private final Random random = new Random(SEED);

  private final List<AgentProcess> agents = new ArrayList<>();
  private final List<FakeModelServer> openInference =
      List.of(FakeModelServer.start(), FakeModelServer.start());
  private final List<FakeTriton> triton = List.of(FakeTriton.start(), FakeTriton.start());
  private final List<String> published = new ArrayList<>();
  private final Map<String, Instant> lastPublished = new HashMap<>();
  private EmbeddedPubSub emulator;
  private Topic topic;
  private SubscriptionProbe subscription;
  private PublishTimes publishTimes;

  @BeforeEach
  void given() {
    System.out.println("TwoAgentsIT: repeat with -Dseed=" + SEED);
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), "it");
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    subscription = emulator.probe(topic.subscription());
    publishTimes = PublishTimes.of(emulator, topic.subscription());
    for (int i = 0; i < MODELS; i++) {
      String model = "m" + i;
      serversOf(i).forEach(server -> server.model(model));
    }
  }

  @AfterEach
  void stop() {
    agents.forEach(AgentProcess::close);
    openInference.forEach(server -> server.heal().close());
    triton.forEach(server -> server.heal().close());
    topic.close();
    emulator.close();
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(ints = {1, 2})
  void agentsWithoutALeaseConverge(int count) {
    start(count);

    publishAtRandom(1_500);

    awaitConverged();
    assertThat(agents).allSatisfy(agent -> assertThat(planned(agent)).isPositive());
    awaitNoMoreLoads();
    print(count + " of them");
  }

  @Test
  void anAgentKilledInMidRolloutLeavesNothingUndoneToTheOther() {
    start(2);
    publishAtRandom(200);
    awaitConverged();
    allServers().forEach(FakeModelServer::gateLoads);
    publishOneOfEachView();
    await().atMost(PATIENCE).until(() -> subscription.outstanding() == VIEWS);
    AgentProcess doomed = agents.remove(0);
    List<String> rollingOut = awaitRollingOut(doomed);

    doomed.kill();
    Instant killed = Instant.now();
    allServers().forEach(FakeModelServer::releaseLoads);

    awaitConverged();
    for (String model : rollingOut) {
      for (FakeModelServer server : serversOf(Integer.parseInt(model.substring(1)))) {
        assertThat(server.doneLoads(model))
            .as("loads of %s, owed by the agent that was killed", model)
            .anyMatch(load -> load.startedAt().isAfter(killed));
      }
    }
    print("one of two killed while it rolled out " + rollingOut.size() + " models");
  }

  // ---- Given ----

  private List<? extends FakeModelServer> serversOf(int model) {
    return model % 2 == 0 ? openInference : triton;
  }

  private List<FakeModelServer> allServers() {
    List<FakeModelServer> all = new ArrayList<>(openInference);
    all.addAll(triton);
    return all;
  }

  private static List<String> viewsOf(int model) {
    return List.of("v" + model, "v" + (model + 1) % VIEWS);
  }

  private void start(int count) {
    Map<String, String> configuration = new HashMap<>();
    for (int i = 0; i < MODELS; i++) {
      String key = "model-refresh.models.m" + i + ".";
      List<? extends FakeModelServer> servers = serversOf(i);
      configuration.put(key + "feature-views", String.join(",", viewsOf(i)));
      configuration.put(key + "server.protocol", i % 2 == 0 ? "open-inference" : "triton");
      configuration.put(
          key + "server.replicas", servers.get(0).address() + "," + servers.get(1).address());
      configuration.put(key + "refresh.quiet-period", "50ms");
      configuration.put(key + "refresh.max-wait", "500ms");
      // So that what was owed is known from redelivery, and not made up for by a start.
      configuration.put(key + "refresh.on-start", "never");
    }
    configuration.put("model-refresh.resync-interval", RESYNC.toSeconds() + "s");
    configuration.put(
        "mp.messaging.incoming.feature-updates.max-duration-per-ack-extension", "10s");
    for (int i = 0; i < count; i++) {
      agents.add(AgentProcess.start(emulator.address(), configuration));
    }
    agents.forEach(AgentProcess::awaitReady);
    await().atMost(PATIENCE).until(() -> subscription.openStreams() == count);
  }

  // ---- When ----

  private void publishAtRandom(int count) {
    for (int i = 0; i < count; i++) {
      publish("v" + random.nextInt(VIEWS));
    }
  }

  private void publish(String view) {
    String id = topic.update(view);
    published.add(id);
    lastPublished.put(view, publishTimes.of(id));
  }

  /** All with one publish time, so that none covers another. */
  private void publishOneOfEachView() {
    List<String> views = IntStream.range(0, VIEWS).mapToObj(view -> "v" + view).toList();
    List<String> ids = topic.publish(views.stream().map(Topic::updateOf).toList());
    published.addAll(ids);
    for (int i = 0; i < VIEWS; i++) {
      lastPublished.put(views.get(i), publishTimes.of(ids.get(i)));
    }
  }

  /** The models whose updates an agent holds, with loads in flight. */
  private static List<String> awaitRollingOut(AgentProcess agent) {
    AtomicReference<List<String>> seen = new AtomicReference<>(List.of());
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(
            () -> {
              seen.set(
                  StreamSupport.stream(agent.get("/v1/models").spliterator(), false)
                      .filter(model -> model.get("held_messages").asInt() > 0)
                      .filter(TwoAgentsIT::isLoading)
                      .map(model -> model.get("model").asText())
                      .toList());
              return !seen.get().isEmpty();
            });
    return seen.get();
  }

  private static boolean isLoading(JsonNode model) {
    return StreamSupport.stream(model.get("replicas").spliterator(), false)
        .anyMatch(replica -> replica.get("state").asText().equals("loading"));
  }

  // ---- Then ----

  private void awaitConverged() {
    await("everything published is acked")
        .atMost(PATIENCE)
        .until(() -> subscription.backlog() == 0);
    await("no agent owes anything")
        .atMost(PATIENCE)
        .until(
            () ->
                agents.stream()
                    .flatMap(
                        agent -> StreamSupport.stream(agent.get("/v1/models").spliterator(), false))
                    .allMatch(
                        model ->
                            model.get("pending").isEmpty()
                                && model.get("held_messages").asInt() == 0));
    assertThat(new HashSet<>(subscription.ackedMessageIds()).containsAll(published)).isTrue();
    assertThat(subscription.outstanding()).isZero();
    for (int i = 0; i < MODELS; i++) {
      String model = "m" + i;
      for (FakeModelServer server : serversOf(i)) {
        List<DoneLoad> loads = server.doneLoads(model);
        for (String view : viewsOf(i)) {
          assertThat(loads.get(loads.size() - 1).startedAt())
              .as("last load of %s on %s", model, server.address())
              .isAfterOrEqualTo(lastPublished.get(view));
        }
      }
    }
  }

  /** Neither agent takes what the other loaded for drift, resync after resync. */
  private void awaitNoMoreLoads() {
    AtomicInteger last = new AtomicInteger();
    AtomicReference<Instant> changed = new AtomicReference<>(Instant.now());
    await("loads come to an end")
        .atMost(PATIENCE)
        .until(
            () -> {
              int now = loads();
              if (last.getAndSet(now) != now) {
                changed.set(Instant.now());
              }
              return Duration.between(changed.get(), Instant.now()).compareTo(RESYNC) > 0;
            });
  }

  private int loads() {
    return IntStream.range(0, MODELS)
        .flatMap(i -> serversOf(i).stream().mapToInt(server -> server.loadCount("m" + i)))
        .sum();
  }

  private static double planned(AgentProcess agent) {
    return agent
        .metrics()
        .lines()
        .filter(line -> line.startsWith("feature_updates_received_total"))
        .filter(line -> line.contains("outcome=\"planned\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  private void print(String agentsAre) {
    System.out.printf(
        "TwoAgentsIT, %s: %d updates, %d loads of %d models on 2 replicas each%n",
        agentsAre, published.size(), loads(), MODELS);
  }
}
