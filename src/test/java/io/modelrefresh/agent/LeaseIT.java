package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two packaged agents that share a lease, and take over from each other. */
class LeaseIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LEASE = Duration.ofSeconds(5);

  /**
   * Longer than the API server is away: once it has run out, whoever asks first may have the lease.
   */
  private static final Map<String, String> LONG_LEASE =
      Map.of("model-refresh.lease.duration", "32s");

  private final List<AgentProcess> agents = new ArrayList<>();
  private final FakeModelServer server = FakeModelServer.start().model("fraud");
  private final ApiServer api = new ApiServer().up();
  private EmbeddedPubSub emulator;
  private Topic topic;
  private SubscriptionProbe subscription;

  @BeforeEach
  void given() {
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), "it");
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    subscription = emulator.probe(topic.subscription());
  }

  @AfterEach
  void stop() {
    agents.forEach(AgentProcess::close);
    topic.close();
    emulator.close();
    server.close();
    api.close();
  }

  private AgentProcess start(String name) {
    return start(name, Map.of());
  }

  private AgentProcess start(String name, Map<String, String> more) {
    Map<String, String> configuration = new HashMap<>();
    configuration.put("quarkus.kubernetes-client.api-server-url", api.url());
    configuration.put("quarkus.kubernetes-client.namespace", "ml");
    configuration.put("model-refresh.lease.name", "model-refresh-agent");
    configuration.put("model-refresh.lease.identity", name);
    configuration.put("model-refresh.lease.duration", LEASE.toSeconds() + "s");
    configuration.put("model-refresh.models.fraud.feature-views", "payments");
    configuration.put("model-refresh.models.fraud.server.protocol", "open-inference");
    configuration.put("model-refresh.models.fraud.server.replicas", server.address());
    configuration.put("model-refresh.models.fraud.refresh.quiet-period", "20ms");
    // A load is kept waiting while another agent starts.
    configuration.put("model-refresh.models.fraud.server.timeout", "120s");
    configuration.put("mp.messaging.incoming.feature-updates.drain-timeout", "3s");
    configuration.put(
        "mp.messaging.incoming.feature-updates.max-duration-per-ack-extension", "10s");
    configuration.putAll(more);
    AgentProcess agent = AgentProcess.start(emulator.address(), configuration);
    agents.add(agent);
    return agent.awaitReady();
  }

  private static boolean isActive(AgentProcess agent) {
    return agent.get("/v1/models").isArray();
  }

  private void awaitAcked(String message) {
    await().atMost(PATIENCE).until(() -> subscription.ackedMessageIds().contains(message));
  }

  /** How long it took until the agent was active and had refreshed what is published now. */
  private Duration takeover(AgentProcess agent, Instant since) {
    String message = topic.update("payments");
    await().atMost(PATIENCE).until(() -> isActive(agent));
    awaitAcked(message);
    return Duration.between(since, Instant.now());
  }

  @Test
  void theHolderAloneOpensTheSubscriptionAndTheStandbyIsReadyAndNamesIt() {
    AgentProcess holder = start("agent-a");
    await().atMost(PATIENCE).until(() -> server.loadCount("fraud") == 1);
    awaitAcked(topic.update("payments"));

    AgentProcess standby = start("agent-b");

    JsonNode refused = standby.get("/v1/models");
    assertThat(refused.path("status").asInt()).isEqualTo(503);
    assertThat(refused.path("detail").asText())
        .isEqualTo("this agent stands by and is not the active one: ask agent-a");
    assertThat(standby.post("/v1/models/fraud/refresh", "").statusCode()).isEqualTo(503);
    assertThat(standby.liveness()).isEqualTo(200);
    assertThat(standby.readiness()).isEqualTo(200);
    assertThat(standby.health()).contains("\"holder\": \"agent-a\"");
    assertThat(standby.metrics()).contains("pubsub_subscriber_up{").contains("} 0.0");
    assertThat(subscription.openStreams()).isEqualTo(1);
    assertThat(server.loadCount("fraud")).as("the start, and one update").isEqualTo(2);
  }

  @Test
  void aStandbyWhoseCatalogChangesTouchesNoModelServerBeforeItIsTheHolder(@TempDir Path directory)
      throws IOException {
    Path catalog = directory.resolve("catalog.yaml");
    try (FakeModelServer next = FakeModelServer.start().model("fraud");
        FakeModelServer last = FakeModelServer.start().model("fraud")) {
      AgentProcess holder = start("agent-a");
      await().atMost(PATIENCE).until(() -> isActive(holder));
      await().atMost(PATIENCE).until(() -> server.loadCount("fraud") == 1);
      Files.writeString(catalog, catalog(server, "payments"));
      AgentProcess standby =
          start(
              "agent-b",
              Map.of(
                  "model-refresh.catalog.location",
                  catalog.toString(),
                  "model-refresh.catalog.check-interval",
                  "50ms"));

      List<String> changes =
          List.of(
              catalog(server, "cards"), catalog(next, "cards"), catalog(last, "payments, cards"));
      for (int change = 0; change < changes.size(); change++) {
        Files.writeString(catalog, changes.get(change));
        long seen = change + 1;
        await().atMost(PATIENCE).until(() -> changesSeen(standby) == seen);
      }
      await() // What a catalog owes is spread over up to a second.
          .during(Duration.ofSeconds(2))
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                assertThat(server.loadCount("fraud"))
                    .as("by the holder, at its start")
                    .isEqualTo(1);
                assertThat(next.requests()).isEmpty();
                assertThat(last.requests()).isEmpty();
              });

      holder.kill();
      await().atMost(PATIENCE).until(() -> last.loadCount("fraud") == 1);
      assertThat(server.loadCount("fraud")).isEqualTo(1);
      assertThat(next.requests()).isEmpty();
    }
  }

  private static String catalog(FakeModelServer server, String views) {
    return """
    model-refresh:
      models:
        fraud:
          feature-views: [%s]
          server: { protocol: open-inference, replicas: "%s" }
          refresh: { quiet-period: 20ms }
    """
        .formatted(views, server.address());
  }

  private static long changesSeen(AgentProcess agent) {
    return agent.log().stream().filter(line -> line.contains(", which has changed: ")).count();
  }

  @Test
  void theStandbyTakesOverFromAHolderThatIsKilledWithinSecondsAndAtOnceFromOneThatIsToldToStop() {
    AgentProcess first = start("agent-a");
    await().atMost(PATIENCE).until(() -> isActive(first));
    AgentProcess second = start("agent-b");

    Instant killed = Instant.now();
    first.kill();
    Duration afterKill = takeover(second, killed);

    AgentProcess third = start("agent-c");
    assertThat(third.get("/v1/models").path("detail").asText()).endsWith("ask agent-b");
    Instant told = Instant.now();
    second.terminate();
    Duration afterTerm = takeover(third, told);
    assertThat(second.awaitEnd(Duration.ofSeconds(20))).isEqualTo(143);

    System.out.printf(
        "Takeover with a lease of %d s: %d ms after SIGKILL, %d ms after SIGTERM, until an update"
            + " published meanwhile was acknowledged%n",
        LEASE.toSeconds(), afterKill.toMillis(), afterTerm.toMillis());
    assertThat(String.join("\n", second.log())).contains("has given the lease");
  }

  @ParameterizedTest(name = "a message waits for them: {0}")
  @ValueSource(booleans = {true, false})
  void anAgentToldToStopKeepsTheLeaseUntilItsLoadsHaveEnded(boolean message) {
    if (!message) {
      server.gateLoads();
    }
    AgentProcess holder =
        start("agent-a", Map.of("mp.messaging.incoming.feature-updates.drain-timeout", "60s"));
    if (message) {
      await().atMost(PATIENCE).until(() -> server.loadCount("fraud") == 1);
      server.gateLoads();
      topic.update("payments");
    }
    await().atMost(PATIENCE).until(() -> server.heldLoads() == 1);
    AgentProcess standby = start("agent-b");

    holder.terminate();
    Set<ZonedDateTime> renewals = new HashSet<>();
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              LeaseSpec lease = lease();
              assertThat(lease.getHolderIdentity()).isEqualTo("agent-a");
              renewals.add(lease.getRenewTime());
              return renewals.size() > 4 && subscription.openStreams() == 0;
            });
    assertThat(isActive(standby)).isFalse();
    assertThat(server.heldLoads()).isEqualTo(1);

    server.releaseLoads();
    await().atMost(PATIENCE).until(() -> isActive(standby));
    int ofTheHolder = message ? 2 : 1;
    await().atMost(PATIENCE).until(() -> server.doneLoads("fraud").size() == ofTheHolder + 1);
    List<DoneLoad> loads = server.doneLoads("fraud");
    assertThat(loads.get(ofTheHolder).startedAt())
        .isAfterOrEqualTo(loads.get(ofTheHolder - 1).doneAt());
    assertThat(holder.awaitEnd(Duration.ofSeconds(20))).isEqualTo(143);
  }

  private LeaseSpec lease() {
    return api.admin().leases().inNamespace("ml").withName("model-refresh-agent").get().getSpec();
  }

  @Test
  void aStandbyThatCanNoLongerAskWhoIsActiveIsNotReadyUntilItCan() {
    AgentProcess holder = start("agent-a", LONG_LEASE);
    await().atMost(PATIENCE).until(() -> isActive(holder));
    AgentProcess standby = start("agent-b", LONG_LEASE);

    api.down();

    await().atMost(PATIENCE).until(() -> standby.readiness() == 503);
    assertThat(standby.health()).contains("the API server cannot be asked");
    assertThat(standby.liveness()).isEqualTo(200);
    assertThat(holder.readiness()).as("the holder goes on").isEqualTo(200);
    awaitAcked(topic.update("payments"));

    api.up();

    await().atMost(PATIENCE).until(() -> standby.readiness() == 200);
    assertThat(isActive(holder)).isTrue();
  }

  @Test
  void anAgentThatLosesTheLeaseToAnotherEndsSoThatItCanBeginAnewAsStandby() {
    AgentProcess first = start("agent-a");
    await().atMost(PATIENCE).until(() -> isActive(first));

    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              api.admin()
                  .leases()
                  .inNamespace("ml")
                  .withName("model-refresh-agent")
                  .edit(
                      lease -> {
                        lease.getSpec().setHolderIdentity("another");
                        lease.getSpec().setRenewTime(lease.getSpec().getRenewTime().plusHours(1));
                        return lease;
                      });
              return !first.isAlive();
            });

    assertThat(first.awaitEnd(Duration.ofSeconds(20))).isZero();
    assertThat(first.log()).anyMatch(line -> line.contains("another is the active agent now"));
  }
}
