package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.grpc.Status;
import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.operations.Monitoring;
import io.modelrefresh.operations.Probes;
import io.modelrefresh.operations.Prometheus;
import io.modelrefresh.operations.Tool;
import io.modelrefresh.serving.FakeModelServer;
import io.restassured.RestAssured;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The alerts and the dashboard against the packaged agent: what they ask for is what it reports.
 */
class MonitoringIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final FakeModelServer server = FakeModelServer.start().model("fraud");
  private EmbeddedPubSub emulator;
  private Topic topic;
  private AgentProcess agent;

  @BeforeEach
  void given() {
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), "it");
    emulator.createTopic(topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    emulator.createTopic("projects/it/topics/retraining-jobs");
    topic.createSubscriptionAsProvisioned("projects/it/topics/feature-updates-dead-letter");
    agent = AgentProcess.start(emulator.address(), configuration()).awaitReady();
  }

  private Map<String, String> configuration() {
    Map<String, String> configuration = new HashMap<>();
    configuration.put("model-refresh.catalog.location", catalog().toString());
    configuration.put("model-refresh.resync-interval", "500ms");
    configuration.put("mp.messaging.incoming.feature-updates.drain-timeout", "3s");
    configuration.put("mp.messaging.incoming.feature-updates.restart.max-wait", "1s");
    return configuration;
  }

  private Path catalog() {
    try {
      return Files.writeString(
          directory.resolve("catalog.yaml"),
          """
          model-refresh:
            models:
              fraud:
                feature-views: [stats]
                server: {protocol: open-inference, replicas: "%s", timeout: 2s}
                refresh: {quiet-period: 20ms, objective: 2s}
                retraining: {changes: [schema], queue: pubsub}
          """
              .formatted(server.address()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void stop() {
    agent.close();
    server.stop();
    topic.close();
    emulator.close();
  }

  @Test
  void everyMetricThatAnAlertOrAPanelAsksForIsReportedByAnAgentThatHasSeenItAll() {
    topic.updates("stats", 50);
    topic.publish("no feature update");
    topic.publish("{\"feature_view\": \"stats\", \"change\": \"delete\"}");
    topic.publish("{\"feature_view\": \"stats\", \"change\": \"schema\"}");
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(agent.metrics())
                  .contains(
                      "feature_views_deleted_total",
                      "model_refresh_coalesced_total",
                      "retraining_jobs_total{model=\"fraud\",outcome=\"enqueued\",reason=\"schema\"} 1.0");
              assertThat(missing()).isEmpty();
            });
  }

  @Test
  void theProbesOfTheDeploymentAnswer() {
    assertThat(Probes.paths())
        .hasSize(3)
        .allSatisfy(
            path ->
                RestAssured.get("http://" + agent.managementAddress() + path)
                    .then()
                    .statusCode(200));
  }

  private Set<String> missing() {
    Set<String> missing = new TreeSet<>(Monitoring.metrics());
    agent
        .metrics()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split("[ {]")[0])
        .forEach(missing::remove);
    if (AgentProcess.isNative()) { // Its collector tells nobody of its pauses.
      missing.remove("jvm_gc_pause_seconds_sum");
    }
    return missing;
  }

  @Test
  void alertsFireWhileAModelServerOrPubSubIsDownAndResolveOnceItIsBack() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);
    try (Prometheus prometheus = Prometheus.start(directory)) {
      prometheus.scrape(agent.managementAddress());
      topic.update("stats");
      await()
          .atMost(PATIENCE)
          .until(() -> !prometheus.query("model_refresh_propagation_seconds_count > 0").isEmpty());
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(prometheus.firing()).isEmpty());

      server.stop();
      topic.update("stats");

      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(prometheus.firing())
                      .contains("ModelPropagationObjectiveMissed", "ModelFailing"));
      server.startAgain();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(prometheus.firing())
                      .doesNotContain("ModelPropagationObjectiveMissed", "ModelFailing"));

      emulator.faults().deny(topic.subscription());
      emulator.faults().cutStreams(Status.PERMISSION_DENIED.withDescription("denied by the test"));

      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(prometheus.firing()).contains("FeatureUpdatesSubscriberDown"));
      emulator.faults().allow(topic.subscription());
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(prometheus.firing()).doesNotContain("FeatureUpdatesSubscriberDown"));

      topic.publish("no feature update");

      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(prometheus.firing()).contains("FeatureUpdatesDeadLettered"));

      agent.kill();

      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(prometheus.firing()).contains("FeatureUpdateAgentAbsent"));
    }
  }

  @Test
  void whatAStoppedAgentGivesBackRaisesAnAlertOnceAnotherSeesItAgain() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);
    server.gateLoads();
    topic.update("stats");
    await()
        .atMost(PATIENCE)
        .until(() -> agent.metrics().matches("(?s).*pubsub_outstanding_messages\\{[^}]*} 1.*"));
    try (Prometheus prometheus = Prometheus.start(directory);
        AgentProcess other = AgentProcess.start(emulator.address(), configuration())) {
      prometheus.scrape(other.awaitReady().managementAddress());
      assertThat(prometheus.firing()).doesNotContain("FeatureUpdatesGivenBack");

      agent.terminate();
      agent.awaitEnd(PATIENCE);
      server.releaseLoads();

      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(prometheus.firing()).contains("FeatureUpdatesGivenBack"));
      assertThat(other.metrics())
          .as("which delivery that is, long after it")
          .containsPattern("feature_update_delivery_attempts_max 2");
    }
  }

  @Test
  void aStandbyBesideAnActiveAgentRaisesNoAlertAndAloneOnlyThatNobodyConsumes() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);
    try (ApiServer api = new ApiServer().up();
        Prometheus prometheus = Prometheus.start(directory)) {
      api.apply(leaseHeldBy("somebody"));
      Map<String, String> configuration = configuration();
      configuration.put("quarkus.kubernetes-client.api-server-url", api.url());
      configuration.put("model-refresh.lease.name", "agents");
      configuration.put("model-refresh.lease.namespace", "ml");
      try (AgentProcess standby = AgentProcess.start(emulator.address(), configuration)) {
        standby.awaitReady();
        prometheus.scrape(agent.managementAddress(), standby.managementAddress());
        topic.update("stats");
        await()
            .atMost(PATIENCE)
            .until(
                () -> !prometheus.query("model_refresh_propagation_seconds_count > 0").isEmpty());

        // Longer than the objective and the second that alerts are given here.
        await()
            .atMost(PATIENCE)
            .during(Duration.ofSeconds(5))
            .untilAsserted(() -> assertThat(prometheus.firing()).isEmpty());

        agent.close();
        prometheus.scrape(standby.managementAddress());

        await()
            .atMost(PATIENCE)
            .during(Duration.ofSeconds(5))
            .untilAsserted(
                () ->
                    assertThat(prometheus.firing())
                        .containsExactly("FeatureUpdatesSubscriberDown"));
      }
    }
  }

  private static Lease leaseHeldBy(String holder) {
    ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
    return new LeaseBuilder()
        .withNewMetadata()
        .withNamespace("ml")
        .withName("agents")
        .endMetadata()
        .withNewSpec()
        .withHolderIdentity(holder)
        .withLeaseDurationSeconds(3600)
        .withAcquireTime(now)
        .withRenewTime(now)
        .withLeaseTransitions(0)
        .endSpec()
        .build();
  }
}
