package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeTriton;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a package may lack though the classes are right: protocols, formats, templates, certificates
 * and Kubernetes' kinds are found when they are used, which a native executable must know before.
 */
@TestInstance(Lifecycle.PER_CLASS)
class PackagedAgentIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String DEAD_LETTERS =
      "projects/it/subscriptions/feature-updates-dead-letter-sub";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** One model for each protocol and each way to find replicas; all of them consume one view. */
  private static final String CATALOG =
      """
      model-refresh:
        models:
          listed:
            feature-views: [driver_hourly_stats]
            server:
              protocol: open-inference
              replicas: %1$s
              smoke-check:
                path: /v2/models/listed/infer
                body: '{"inputs": []}'
                json-pointer: /outputs/0/data/0
            refresh: {on-start: never, quiet-period: 20ms, objective: 30s}
          forced:
            feature-views: ["*", users]
            server: {protocol: triton, replicas: "%2$s"}
            refresh: {on-start: never, quiet-period: 20ms}
          custom:
            feature-views: ["driver_hourly_stats:conv_rate"]
            server:
              protocol: http
              replicas: %1$s
              http:
                path: /models/{model}/reload?complete={complete}
                body: '{"watermark": "{watermark}", "updates": {updates.json}}'
                ready-path: /models/{model}/health
            refresh: {on-start: never, quiet-period: 20ms}
          named:
            feature-views: [driver_hourly_stats]
            server: {protocol: open-inference, replicas: "dns://localhost:%3$d"}
            refresh: {on-start: never, quiet-period: 20ms}
          discovered:
            feature-views: [driver_hourly_stats]
            server: {protocol: open-inference, replicas: "kubernetes://ml/fraud:http"}
            refresh: {on-start: never, quiet-period: 20ms}
          secured:
            feature-views: [driver_hourly_stats]
            server:
              protocol: open-inference
              replicas: https://127.0.0.1:%4$d
              tls-configuration-name: ml
              authority: fraud.ml.svc
            refresh: {on-start: never, quiet-period: 20ms}
      """;

  private final FakeModelServer server =
      FakeModelServer.start()
          .model("listed")
          .model("custom")
          .model("named")
          .model("discovered")
          .loadRoute("POST", "/models/custom/reload", "custom")
          .readyRoute("/models/custom/health", "custom");

  private final FakeTriton triton = FakeTriton.start().model("forced");
  private final ApiServer api = new ApiServer().up();
  private final Vertx vertx = Vertx.vertx();
  private final List<String> requestsOverTls = new CopyOnWriteArrayList<>();
  private final EmbeddedPubSub emulator = EmbeddedPubSub.start();
  private final Topic topic = new Topic(emulator.address(), "it");

  @TempDir static Path directory;
  private SelfSignedCertificate certificate;
  private SubscriptionProbe subscription;
  private String catalog;
  private AgentProcess agent;

  @BeforeAll
  void given() throws IOException {
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    emulator.createSubscription(DEAD_LETTERS, "projects/it/topics/feature-updates-dead-letter");
    subscription = emulator.probe(topic.subscription());
    api.apply(endpoints("127.0.0.1", server.replica().port()));
    certificate = SelfSignedCertificate.create("fraud.ml.svc");
    catalog =
        CATALOG.formatted(
            server.address(), triton.address(), server.replica().port(), serveOverTls());
    Files.writeString(catalogFile(), catalog);

    Map<String, String> configuration = new HashMap<>();
    configuration.put("model-refresh.catalog.location", catalogFile().toString());
    configuration.put("model-refresh.catalog.check-interval", "50ms");
    configuration.put("model-refresh.publish.enabled", "true");
    configuration.put("model-refresh.api.open", "true");
    configuration.put("quarkus.kubernetes-client.api-server-url", api.url());
    configuration.put("quarkus.tls.ml.trust-store.pem.certs", certificate.certificatePath());
    agent = AgentProcess.start(emulator.address(), configuration).awaitReady();
  }

  @AfterAll
  void stop() {
    if (agent != null) {
      agent.close();
    }
    topic.close();
    emulator.close();
    server.close();
    triton.close();
    api.close();
    vertx.close();
    certificate.delete();
  }

  private Path catalogFile() {
    return directory.resolve("catalog.yaml");
  }

  /** A replica that is always ready; its port. */
  private int serveOverTls() {
    HttpServer secured =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setSni(true)
                    .setKeyCertOptions(
                        new PemKeyCertOptions()
                            .setKeyPath(certificate.privateKeyPath())
                            .setCertPath(certificate.certificatePath())))
            .requestHandler(
                request -> {
                  requestsOverTls.add(
                      request.connection().indicatedServerName() + " " + request.path());
                  request.response().end("{}");
                })
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    return secured.actualPort();
  }

  private static EndpointSlice endpoints(String address, int port) {
    return new EndpointSliceBuilder()
        .withNewMetadata()
        .withName("fraud-1")
        .withNamespace("ml")
        .addToLabels("kubernetes.io/service-name", "fraud")
        .endMetadata()
        .withAddressType("IPv4")
        .addNewPort()
        .withName("http")
        .withPort(port)
        .withProtocol("TCP")
        .endPort()
        .addNewEndpoint()
        .withAddresses(address)
        .withNewConditions()
        .withReady(true)
        .endConditions()
        .withNewTargetRef()
        .withKind("Pod")
        .withName("fraud-0")
        .withUid("fraud-0")
        .endTargetRef()
        .endEndpoint()
        .build();
  }

  private void awaitAcked(String message) {
    await("message " + message + " is acked\n" + String.join("\n", agent.log()))
        .atMost(PATIENCE)
        .until(() -> subscription.ackedMessageIds().contains(message));
  }

  @Test
  void replicasFoundInEveryWayAreLoadedByEveryProtocolWithTheUpdateTheyAreFor() throws IOException {
    String message =
        topic.publish(
            """
            {"project": "fraud", "feature_view": "driver_hourly_stats", "features": ["conv_rate"],
             "entity_keys": [{"driver_id": 1001}], "drift": {"metric": "psi", "value": 0.23}}
            """);

    awaitAcked(message);
    for (String model : List.of("listed", "custom", "named", "discovered")) {
      assertThat(server.doneLoads(model)).as(model).isNotEmpty();
    }
    assertThat(triton.doneLoads("forced")).isNotEmpty();
    assertThat(requestsOverTls)
        .contains(
            "fraud.ml.svc /v2/repository/models/secured/load",
            "fraud.ml.svc /v2/models/secured/ready");
    assertThat(server.requests())
        .anyMatch(request -> request.uri().equals("/v2/models/listed/infer"));
    // A load that no update asked for, such as after a change of the catalog, names none.
    List<FakeModelServer.Load> loads = server.loads("custom");
    assertThat(loads).allMatch(load -> load.uri().startsWith("/models/custom/reload?complete="));
    JsonNode update = JSON.readTree(loads.get(loads.size() - 1).body()).at("/updates/0");
    assertThat(update.at("/feature_view").asText()).isEqualTo("driver_hourly_stats");
    assertThat(update.at("/entity_keys/0/driver_id").asInt()).isEqualTo(1001);
    assertThat(update.at("/drift/value").asDouble()).isEqualTo(0.23);
  }

  @Test
  void everyFormOfTheEventIsRead() {
    PubsubMessage binary =
        Topic.message("{\"feature_view\": \"users\"}").toBuilder()
            .putAttributes("ce-id", "1")
            .putAttributes("ce-type", "io.modelrefresh.feature_view.updated.v1")
            .putAttributes("ce-source", "/it")
            .putAttributes("ce-specversion", "1.0")
            .putAttributes("ce-time", "2026-11-22T10:00:00Z")
            .putAttributes("content-type", "application/json")
            .build();
    PubsubMessage structured =
        PubsubMessage.newBuilder()
            .putAttributes("content-type", "application/cloudevents+json")
            .setData(
                ByteString.copyFromUtf8(
                    """
                    {"specversion": "1.0", "id": "2", "source": "/it",
                     "type": "io.modelrefresh.feature_view.updated.v1",
                     "time": "2026-11-22T10:00:00Z", "datacontenttype": "application/json",
                     "data": {"feature_view": "users"}}
                    """))
            .build();

    List<String> events =
        List.of(topic.publish(binary), topic.publish(structured), topic.update("users"));

    events.forEach(this::awaitAcked);
    assertThat(agent.metrics())
        .contains("feature_updates_received_total{feature_view=\"users\",outcome=\"planned\"} 3.0");
    assertThat(triton.doneLoads("forced")).isNotEmpty();
  }

  @Test
  void theApiAnswersInJsonWhateverItAnswers() throws IOException {
    JsonNode models = agent.get("/v1/models");
    assertThat(models.findValuesAsText("model"))
        .containsExactlyInAnyOrder("custom", "discovered", "forced", "listed", "named", "secured");
    JsonNode listed = agent.get("/v1/models/listed");
    assertThat(listed.path("objective").asText()).isEqualTo("PT30S");
    assertThat(listed.path("held_messages").isInt()).isTrue();

    HttpResponse<String> unknown = agent.post("/v1/models/nobody/refresh", "");
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(unknown.headers().firstValue("Content-Type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/problem+json"));
    assertThat(JSON.readTree(unknown.body()).path("detail").asText())
        .isEqualTo("the catalog has no model \"nobody\"");

    HttpResponse<String> published =
        agent.post("/v1/feature-updates", "{\"feature_view\":\"api\"}");
    assertThat(published.statusCode()).isEqualTo(202);
    JsonNode receipt = JSON.readTree(published.body());
    assertThat(receipt.path("feature_view").asText()).isEqualTo("api");
    awaitAcked(receipt.path("message_id").asText());

    HttpResponse<String> replayed =
        agent.post("/v1/dead-letters/replay", "{\"max_age\": \"PT1H\"}");
    assertThat(replayed.statusCode()).as(replayed.body()).isEqualTo(200);
    assertThat(JSON.readTree(replayed.body()).path("replayed").isInt()).isTrue();
  }

  @Test
  void poisonIsDeadLetteredWithItsCause() {
    String poison = topic.publish("{\"feature_view\": 7}");

    awaitAcked(poison);
    ReceivedMessage letter =
        await()
            .atMost(PATIENCE)
            .until(() -> topic.pull(DEAD_LETTERS), letters -> !letters.isEmpty())
            .get(0);
    assertThat(letter.getMessage().getAttributesMap())
        .containsEntry("original.message-id", poison)
        .hasEntrySatisfying("error.message", why -> assertThat(why).contains("feature_view"));
    topic.ack(DEAD_LETTERS, letter);
  }

  @Test
  void aBrokenCatalogIsRefusedByTheKeyThatIsWrongAndAMendedOneTakenOver() throws IOException {
    Files.writeString(catalogFile(), catalog.replace("protocol: triton", "protocol: soap"));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(agent.health())
                    .contains("model-refresh.models.forced.server.protocol", "soap"));

    Files.writeString(catalogFile(), catalog);

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(agent.metrics()).contains("model_catalog_last_reload_successful 1.0"));
    assertThat(agent.get("/v1/models").size()).isEqualTo(6);
  }

  @Test
  void theLogIsJson() throws IOException {
    String line =
        agent.log().stream()
            .filter(text -> text.contains("Models in the catalog"))
            .findFirst()
            .orElseThrow();

    JsonNode entry = JSON.readTree(line);

    assertThat(entry.path("level").asText()).isEqualTo("INFO");
    assertThat(entry.path("message").asText()).contains(": 6");
  }
}
