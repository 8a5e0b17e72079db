package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.serving.EchoServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the packaged agent says while everything fails that can: in its log, as it is in production,
 * and to whoever looks. Neither entity keys nor payloads nor tokens are in it, though every server
 * repeats what it is sent.
 */
class ConfidentialityIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** In an entity key, in other text of a payload, in a token: none of them is to be seen again. */
  private static final String ENTITY = "entity-4711-of-somebody";

  private static final String PAYLOAD = "payload-0815-of-somebody";
  private static final String TOKEN = "token-1337-of-somebody";

  private static final String UPDATE =
      """
      {"feature_view": "stats", "change": "schema", "features": ["%s"], "note": "%s",
       "entity_keys": [{"driver": "%s"}]}
      """
          .formatted(PAYLOAD, PAYLOAD, ENTITY);

  @TempDir Path directory;

  private final EchoServer server = EchoServer.start();
  private EmbeddedPubSub emulator;
  private Topic topic;
  private AgentProcess agent;

  @BeforeEach
  void given() throws IOException {
    emulator = EmbeddedPubSub.start();
    topic = new Topic(emulator.address(), "it");
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    Files.writeString(directory.resolve("token"), TOKEN);
  }

  @AfterEach
  void stop() {
    agent.close();
    server.close();
    topic.close();
    emulator.close();
  }

  @Test
  void nothingConfidentialIsLoggedOrShownWhateverFails() {
    Map<String, Map<String, String>> models = modelsThatCannotBeRefreshed();
    agent = AgentProcess.start(emulator.address(), configuration(models)).awaitReady();

    topic.publish(UPDATE);
    poison().forEach(topic::publish);
    ask("/v1/feature-updates", UPDATE);
    ask("/v1/models/" + ENTITY + "/refresh", "");
    ask("/v1/dead-letters/replay", "{\"count\": \"" + PAYLOAD + "\"}");
    models.keySet().forEach(this::awaitReported);
    await()
        .atMost(PATIENCE)
        .until(() -> agent.get("/v1/retraining-jobs").toString().contains("answered 500"));
    awaitLogged("goes to the dead-letter topic", poison().size());
    emulator.faults().deny("projects/it/topics/feature-updates-dead-letter");
    topic.publish(poison().get(0));
    awaitLogged("cannot publish message");
    String shown = shown();
    agent.terminate();
    agent.awaitEnd(PATIENCE);

    assertThat(server.echoed()).anySatisfy(said -> assertThat(said).contains(ENTITY, PAYLOAD));
    assertThat(server.echoed()).anySatisfy(said -> assertThat(said).contains(TOKEN));
    assertThat(Stream.concat(agent.log().stream(), shown.lines()))
        .isNotEmpty()
        .noneMatch(said -> said.contains(ENTITY) || said.contains(PAYLOAD) || said.contains(TOKEN));
    assertThat(shown).contains("answered 500");
  }

  // ---- Given ----

  /** By name: what of its server is special. */
  private static Map<String, Map<String, String>> modelsThatCannotBeRefreshed() {
    String json = "{\"updates\": {updates.json}}";
    String key = "{updates.0.entity_keys.0.driver}";
    return Map.of(
        "repeated", Map.of("http.path", "/500/load", "http.body", json),
        "repeated-as-json", Map.of("http.path", "/json/500/load", "http.body", json),
        "repeated-path", Map.of("http.path", "/500/" + key, "http.body", "{model}"),
        "redirected", Map.of("http.path", "/307/" + key),
        "never-ready",
            Map.of("http.path", "/load/" + key, "http.ready-path", "/503/" + key, "timeout", "1s"),
        "no-template", Map.of("http.path", "/load/" + key + "/{updates.0.nothing.of.it}"),
        "no-path", Map.of("http.path", "/load/" + key + "/{updates.0.change}/../x"),
        "unsound",
            Map.of("http.path", "/load", "smoke-check.path", "/500/predict", "timeout", "1s"),
        "down", Map.of("http.path", "/load/" + key, "replicas", "http://127.0.0.1:1"));
  }

  private Map<String, String> configuration(Map<String, Map<String, String>> models) {
    Map<String, String> all = new TreeMap<>();
    models.forEach(
        (model, server) -> {
          String key = "model-refresh.models." + model + ".";
          all.put(key + "feature-views", "stats");
          all.put(key + "refresh.quiet-period", "20ms");
          // So that what is reported of it is of the update.
          all.put(key + "refresh.on-start", "never");
          all.put(key + "server.protocol", "http");
          all.put(key + "server.replicas", this.server.address());
          all.put(key + "server.bearer-token-file", directory.resolve("token").toString());
          server.forEach((name, value) -> all.put(key + "server." + name, value));
        });
    String retraining = "model-refresh.models.repeated.retraining.";
    all.put(retraining + "changes", "schema");
    all.put(retraining + "queue", "http");
    all.put(retraining + "http.url", server.address() + "/500/retrain");
    all.put(retraining + "http.bearer-token-file", directory.resolve("token").toString());
    all.put("model-refresh.retraining.ledger", "memory");
    all.put("model-refresh.api.token-file", directory.resolve("token").toString());
    all.put("model-refresh.publish.enabled", "true");
    all.put("mp.messaging.incoming.feature-updates.drain-timeout", "1s");
    return all;
  }

  /** Each wrong in another way, and each with something of somebody's in it. */
  private static List<PubsubMessage> poison() {
    return List.of(
        message(PAYLOAD, Map.of()),
        message("{\"feature_view\": \"stats\", " + PAYLOAD, Map.of()),
        message("{\"feature_view\": [\"" + PAYLOAD + "\"]}", Map.of()),
        message("{\"feature_view\": \"stats\", \"change\": \"" + PAYLOAD + "\"}", Map.of()),
        message("{\"feature_view\": \"stats\", \"row_count\": \"" + PAYLOAD + "\"}", Map.of()),
        message(
            "{\"feature_view\": \"stats\", \"entity_keys\": [{\"" + ENTITY + "\": {}}]}", Map.of()),
        message(
            "{\"feature_view\": \"stats\", \"event_timestamp\": \"" + PAYLOAD + "\"}", Map.of()),
        message(UPDATE, Map.of("ce-time", PAYLOAD, "ce-type", TYPE)),
        message(UPDATE, Map.of("content-type", PAYLOAD, "ce-type", TYPE)),
        message(UPDATE, Map.of("content-type", "application/cloudevents+json")));
  }

  private static final String TYPE = "io.modelrefresh.feature_view.updated.v1";

  private static PubsubMessage message(String data, Map<String, String> attributes) {
    return PubsubMessage.newBuilder()
        .setData(ByteString.copyFromUtf8(data))
        .putAllAttributes(attributes)
        .build();
  }

  /** Once with the operators' token, and once with one that is wrong. */
  private void ask(String path, String body) {
    for (String token : List.of(TOKEN, TOKEN + "x")) {
      send(
          HttpRequest.newBuilder(URI.create(agent.url() + path))
              .header("Content-Type", "application/json")
              .header("Authorization", "Bearer " + token)
              .POST(HttpRequest.BodyPublishers.ofString(body)));
    }
  }

  // ---- Then ----

  private void awaitReported(String model) {
    await("model " + model + " is reported as not refreshed")
        .atMost(PATIENCE)
        .until(
            () ->
                agent.log().stream()
                    .anyMatch(
                        line -> line.contains("Model " + model + ": not refreshed yet, will")));
  }

  private void awaitLogged(String text) {
    awaitLogged(text, 1);
  }

  private void awaitLogged(String text, int times) {
    await(text)
        .atMost(PATIENCE)
        .until(() -> agent.log().stream().filter(line -> line.contains(text)).count() >= times);
  }

  /** What anybody may look at: the API, what the page is told, health and metrics. */
  private String shown() {
    HttpRequest.Builder events = HttpRequest.newBuilder(URI.create(agent.url() + "/v1/events"));
    return String.join(
        "\n",
        agent.get("/v1/models").toString(),
        agent.get("/v1/retraining-jobs").toString(),
        send(events),
        agent.health(),
        agent.metrics());
  }

  /** The first line of the answer, which may never end. */
  private static String send(HttpRequest.Builder request) {
    try (Stream<String> lines =
        HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofLines()).body()) {
      return lines.filter(line -> !line.isBlank()).findFirst().orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
