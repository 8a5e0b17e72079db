package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The packaged agent in production mode, started, stopped and killed as a process. */
class AgentProcessIT {

  private static final String PROJECT = "it";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<AgentProcess> agents = new ArrayList<>();
  private final List<FakeModelServer> servers = new ArrayList<>();
  private EmbeddedPubSub emulator;
  private Topic topic;
  private SubscriptionProbe subscription;
  private PublishTimes publishTimes;

  @BeforeEach
  void given() {
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), PROJECT);
    createResources();
    subscription = emulator.probe(topic.subscription());
    publishTimes = PublishTimes.of(emulator, topic.subscription());
  }

  private void createResources() {
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
  }

  @AfterEach
  void stop() {
    agents.forEach(AgentProcess::close);
    servers.forEach(FakeModelServer::stop);
    topic.close();
    emulator.close();
  }

  @Test
  void productionModeRefreshesAndStartsNeitherEmulatorNorDemoServer() {
    AgentProcess agent = start(models(1)).awaitReady();

    String message = topic.update("view_0");

    awaitAllAcked(List.of(message));
    awaitLoadsSince(Instant.EPOCH, 1);
    await()
        .untilAsserted(
            () ->
                assertThat(agent.metrics())
                    .contains("model_refresh_propagation_seconds_count{model=\"m0\"} 1"));
    HttpResponse<String> published = agent.post("/v1/feature-updates", "{\"feature_view\":\"v\"}");
    assertThat(published.statusCode()).isEqualTo(403);
    assertThat(published.body())
        .contains("nothing can be changed over HTTP: set model-refresh.api");
    assertThat(String.join("\n", agent.log())).doesNotContainIgnoringCase("embedded emulator");
    assertThat(String.join("\n", agent.log())).doesNotContain("http://127.0.0.1:8091");
  }

  @Test
  void sigtermWith500InFlightDrainsOrNacksWithinTheTimeoutAndNothingIsMissingAfterRestart() {
    Map<String, String> configuration = models(500);
    configuration.put("mp.messaging.incoming.feature-updates.drain-timeout", "3s");
    AgentProcess first = start(configuration).awaitReady();
    awaitLoadsSince(Instant.EPOCH, 500); // What every model owes on start.
    servers.forEach(FakeModelServer::gateLoads);
    List<String> published = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      published.add(topic.update("view_" + i));
    }
    Instant lastPublished = Instant.now();
    await().atMost(PATIENCE).until(() -> subscription.outstanding() == 500);

    first.terminate();
    int exit = first.awaitEnd(Duration.ofSeconds(20));

    assertThat(exit).isEqualTo(143); // 128 + SIGTERM.
    assertThat(subscription.ackedMessageIds()).doesNotContainAnyElementsOf(published);
    await("all are nacked, and not left to their leases, which last 60 s")
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(subscription.outstanding())
                    .as(() -> String.join("\n", first.log()))
                    .isZero());
    servers.forEach(FakeModelServer::releaseLoads);
    start(configuration).awaitReady();
    awaitAllAcked(published);
    awaitLoadsSince(lastPublished, 500);
  }

  @Test
  void killedAtRandomMomentsRedeliveryRestoresEveryOwedRefresh() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("killedAtRandomMoments: repeat with -Dseed=" + seed);
    Random random = new Random(seed);
    int models = 20;
    Map<String, String> configuration = models(models);
    // So that a restart proves redelivery, not the refresh on start.
    for (int i = 0; i < models; i++) {
      configuration.put("model-refresh.models.m" + i + ".refresh.on-start", "never");
    }
    configuration.put(
        "mp.messaging.incoming.feature-updates.max-duration-per-ack-extension", "10s");
    List<String> published = new ArrayList<>();
    Map<Integer, Instant> lastPublished = new HashMap<>();

    for (int kill = 0; kill < 4; kill++) {
      AgentProcess agent = start(configuration).awaitReady();
      int burst = 50 + random.nextInt(200);
      for (int i = 0; i < burst; i++) {
        int model = random.nextInt(models);
        String id = topic.update("view_" + model);
        published.add(id);
        lastPublished.put(model, publishTimes.of(id));
      }
      Instant moment = Instant.now().plusMillis(random.nextInt(400));
      await().until(() -> Instant.now().isAfter(moment));
      agent.kill();
    }
    start(configuration).awaitReady();

    awaitAllAcked(published);
    lastPublished.forEach((model, instant) -> awaitLoadSince(instant, model));
  }

  @Test
  void aHeldMessageIsRedeliveredAfterItsExtensionAndRecognised() {
    Map<String, String> configuration = models(1);
    configuration.put("model-refresh.models.m0.refresh.max-attempts", "2");
    configuration.put("model-refresh.resync-interval", "1s");
    configuration.put("mp.messaging.incoming.feature-updates.max-ack-extension", "2s");
    configuration.put(
        "mp.messaging.incoming.feature-updates.max-duration-per-ack-extension", "10s");
    servers.get(0).stop();
    AgentProcess agent = start(configuration).awaitReady();

    String held = topic.update("view_0");

    await()
        .atMost(PATIENCE)
        .until(
            () ->
                agent
                    .metrics()
                    .matches("(?s).*feature_updates_received_total\\{[^}]*\"duplicate\"} [1-9].*"));
    assertThat(agent.get("/v1/models/m0").get("held_messages").asInt()).isEqualTo(1);
    assertThat(agent.metrics())
        .as("of the deliveries of a message, the last is kept")
        .containsPattern("pubsub_outstanding_messages\\{[^}]*} 1\\.0");
    assertThat(agent.get("/v1/models/m0").get("failing").asBoolean()).isTrue();
    assertThat(agent.liveness()).isEqualTo(200);
    assertThat(subscription.ackedMessageIds()).doesNotContain(held);
    servers.get(0).startAgain();
    awaitAllAcked(List.of(held));
    await().until(() -> agent.get("/v1/models/m0").get("pending").isEmpty());
  }

  @Test
  void aModelPausedInTheCatalogStaysSoOverARestartAndIsRefreshedOnceWhenThatIsTakenBack() {
    Map<String, String> configuration = models(1);
    configuration.put("model-refresh.models.m0.paused", "true");
    AgentProcess first = start(configuration).awaitReady();
    String held = topic.update("view_0");
    await()
        .atMost(PATIENCE)
        .until(() -> first.get("/v1/models/m0").get("held_messages").asInt() == 1);
    first.terminate();
    first.awaitEnd(PATIENCE);

    AgentProcess second = start(configuration).awaitReady();
    await()
        .atMost(PATIENCE)
        .until(() -> second.get("/v1/models/m0").get("held_messages").asInt() == 1);
    assertThat(second.get("/v1/models/m0").get("state").asText()).isEqualTo("paused");
    assertThat(servers.get(0).loads("m0")).isEmpty();
    assertThat(subscription.ackedMessageIds()).doesNotContain(held);
    second.terminate();
    second.awaitEnd(PATIENCE);

    configuration.remove("model-refresh.models.m0.paused");
    start(configuration).awaitReady();
    awaitAllAcked(List.of(held));
    assertThat(servers.get(0).loads("m0")).isNotEmpty();
  }

  @Test
  void aDryRunPlansLogsAndCountsAndTouchesNoServer() {
    Map<String, String> configuration = models(1);
    configuration.put("model-refresh.dry-run", "true");
    AgentProcess agent = start(configuration).awaitReady();

    String message = topic.update("view_0");

    awaitAllAcked(List.of(message));
    assertThat(servers.get(0).requests()).isEmpty();
    await()
        .untilAsserted(
            () -> assertThat(String.join("\n", agent.log())).contains("would load model m0"));
    assertThat(agent.metrics())
        .contains("feature_updates_received_total{feature_view=\"view_0\",outcome=\"planned\"} 1");
  }

  @Test
  void badConfigurationFailsTheStartListingEveryMistakeWithItsKey() {
    AgentProcess agent =
        start(
            Map.of(
                "model-refresh.models.a.feature-views", "stats",
                "model-refresh.models.a.server.protocol", "soap",
                "model-refresh.models.a.server.replicas", "http://127.0.0.1:1",
                "model-refresh.models.b.feature-views", "stats",
                "model-refresh.models.b.server.protocol", "open-inference",
                "model-refresh.models.c.feature-views", "stats",
                "model-refresh.models.c.server.protocol", "open-inference",
                "model-refresh.models.c.server.replicas", "http://127.0.0.1:1",
                "model-refresh.models.c.server.model-name", "a",
                "model-refresh.models.c.refresh.quiet-period", "-1s"));

    int exit = agent.awaitEnd(PATIENCE);

    assertThat(exit).isNotZero();
    assertThat(String.join("\n", agent.log()))
        .contains(
            "model-refresh.models.a.server.protocol",
            "soap",
            "model-refresh.models.b.server.replicas",
            "model-refresh.models.c.server.model-name",
            "model-refresh.models.c.refresh.quiet-period");
  }

  @Test
  void aMissingSubscriptionKeepsTheAgentUpAndNotReadyAndItRecoversByItself() {
    topic.deleteSubscription();

    AgentProcess agent = start(models(1));

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(agent.readiness()).isEqualTo(503);
              assertThat(agent.health())
                  .contains("does not exist", "gcloud pubsub subscriptions create");
            });
    assertThat(agent.liveness()).isEqualTo(200);
    topic.createSubscription();
    agent.awaitReady();
    awaitAllAcked(List.of(topic.update("view_0")));
  }

  @Test
  void aMissingPermissionKeepsTheAgentUpAndNotReadyAndItRecoversByItself() {
    emulator.faults().deny(topic.subscription());

    AgentProcess agent = start(models(1));

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(agent.readiness()).isEqualTo(503);
              assertThat(agent.health()).contains("--role=roles/pubsub.subscriber");
            });
    assertThat(agent.liveness()).isEqualTo(200);
    emulator.faults().clear();
    agent.awaitReady();
    awaitAllAcked(List.of(topic.update("view_0")));
  }

  @Test
  void aMissingDeadLetterTopicKeepsTheAgentUpAndNotReadyUntilItIsThere() {
    emulator.restart(false);
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());

    AgentProcess agent = start(models(1));

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(agent.readiness()).isEqualTo(503);
              assertThat(agent.health())
                  .contains("gcloud pubsub topics create feature-updates-dead-letter");
            });
    assertThat(agent.liveness()).isEqualTo(200);
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    agent.awaitReady();
    assertThat(agent.health())
        .as("what only replaying needs")
        .contains("gcloud pubsub subscriptions create feature-updates-dead-letter-sub");
  }

  @Test
  void aDeadLetterTopicThatMayNotBePublishedToKeepsTheAgentUpAndNotReady() {
    emulator.faults().deny("Publish");

    AgentProcess agent = start(models(1));

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(agent.readiness()).isEqualTo(503);
              assertThat(agent.health()).contains("--role=roles/pubsub.publisher");
            });
    emulator.faults().clear();
    agent.awaitReady();
  }

  @Test
  void toldToProvisionNothingTheAgentLooksForNothing() {
    emulator.restart(false);
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    Map<String, String> configuration = models(1);
    configuration.put("model-refresh.provision", "none");

    AgentProcess agent = start(configuration).awaitReady();

    awaitAllAcked(List.of(topic.update("view_0")));
    assertThat(agent.health()).doesNotContain("feature-updates-dead-letter");
  }

  @Test
  void toldToCreateTheAgentMakesWhatItNeedsAndAgainWhenAnEmulatorForgetsIt() {
    emulator.restart(false);
    Map<String, String> configuration = models(1);
    configuration.put("model-refresh.provision", "create");
    configuration.put("mp.messaging.incoming.feature-updates.restart.max-wait", "2s");

    AgentProcess agent = start(configuration).awaitReady();

    awaitAllAcked(List.of(topic.update("view_0")));
    emulator.restart(false);
    await("the subscription is there again, and the agent's stream to it")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> subscription.openStreams() == 1);
    agent.awaitReady();
    awaitAllAcked(List.of(topic.update("view_0")));
  }

  // ---- Given ----

  /** Models m0, m1, .. on one server, each consuming view_0, view_1, .. */
  private Map<String, String> models(int count) {
    FakeModelServer server = FakeModelServer.start();
    servers.add(server);
    Map<String, String> configuration = new HashMap<>();
    for (int i = 0; i < count; i++) {
      server.model("m" + i);
      String key = "model-refresh.models.m" + i + ".";
      configuration.put(key + "feature-views", "view_" + i);
      configuration.put(key + "server.protocol", "open-inference");
      configuration.put(key + "server.replicas", server.address());
      configuration.put(key + "refresh.quiet-period", "20ms");
    }
    return configuration;
  }

  private AgentProcess start(Map<String, String> configuration) {
    AgentProcess agent = AgentProcess.start(emulator.address(), configuration);
    agents.add(agent);
    return agent;
  }

  // ---- Then ----

  private void awaitAllAcked(List<String> published) {
    await("everything published is acked")
        .atMost(PATIENCE)
        .until(() -> new HashSet<>(subscription.ackedMessageIds()).containsAll(published));
  }

  private void awaitLoadsSince(Instant since, int models) {
    await("models m0 to m" + (models - 1) + " were loaded since " + since)
        .atMost(PATIENCE)
        .until(() -> IntStream.range(0, models).allMatch(model -> loadedSince(since, model)));
  }

  private void awaitLoadSince(Instant since, int model) {
    await("model m" + model + " was loaded since " + since)
        .atMost(PATIENCE)
        .until(() -> loadedSince(since, model));
  }

  private boolean loadedSince(Instant since, int model) {
    return servers.get(0).loads("m" + model).stream()
        .anyMatch(load -> !load.startedAt().isBefore(since));
  }
}
