package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.SubscriberGrpc;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdate;
import io.modelrefresh.update.FeatureUpdateDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the publishers' examples publish is what the agent understands. */
class PublishingTest {

  private static final Path EXAMPLES = Path.of("infrastructure/publishing");
  private static final Instant NOW = Instant.now();
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String NO_PYTHON =
      "python3 is not on this machine, so the publishers' Python examples are NOT run";

  @Test
  void fromPython() throws Exception {
    List<JsonNode> said =
        python("python/feature_updates.py", "my-project", "feature-updates", "driver_hourly_stats");

    assertThat(said).singleElement().satisfies(PublishingTest::isForTheTopic);
    FeatureUpdate update = decoded(said.get(0));
    assertThat(update.project()).contains("fraud");
    assertThat(update.featureView()).isEqualTo("driver_hourly_stats");
    assertThat(update.features()).containsExactly("conv_rate");
    assertThat(update.eventTimestamp()).isEqualTo(Instant.parse("2026-11-22T10:00:00Z"));
  }

  @Test
  void fromFeastOnceEveryViewIsMaterialized() throws Exception {
    List<JsonNode> said = python("feast/feast_updates.py", "my-project", "feature-updates");

    assertThat(said).hasSize(3);
    assertThat(said.get(0).get("wrote")).isNotEmpty();
    assertThat(said.subList(1, 3)).allSatisfy(PublishingTest::isForTheTopic);
    assertThat(decoded(said.get(1)).featureView()).isEqualTo("driver_hourly_stats");
    assertThat(decoded(said.get(2)).featureView()).isEqualTo("card_stats");
    assertThat(decoded(said.get(1)).change()).isEqualTo(Change.VALUES);
  }

  @Test
  void fromFeastForTheViewsOfAPushSourceAndForNoOther() throws Exception {
    List<JsonNode> said = feast("push(store, updates, 'driver_push_source', [1, 2, 3])");

    assertThat(said).hasSize(2);
    assertThat(said.get(0).has("wrote")).isTrue();
    FeatureUpdate update = decoded(said.get(1));
    assertThat(update.featureView()).isEqualTo("driver_hourly_stats");
    assertThat(update.features()).containsExactly("conv_rate");
    assertThat(update.rowCount()).hasValue(3);
  }

  @Test
  void fromFeastWhenADefinitionChanges() throws Exception {
    List<JsonNode> said = feast("apply(store, updates, store.list_feature_views()[:1])");

    assertThat(said).hasSize(2);
    assertThat(decoded(said.get(1)).change()).isEqualTo(Change.SCHEMA);
  }

  @Test
  void fromBigQuery() throws Exception {
    String sample = Kustomizations.read(EXAMPLES.resolve("bigquery/sample-message.json"));
    String query = Kustomizations.read(EXAMPLES.resolve("bigquery/continuous-query.sql"));

    FeatureUpdate update = decoded(sample.getBytes(StandardCharsets.UTF_8), Map.of());

    assertThat(update.featureView()).isEqualTo("driver_hourly_stats");
    assertThat(update.rowCount()).hasValue(1);
    List<String> columns = new ArrayList<>();
    var named = Pattern.compile("(?m)^ {8}.* AS (\\w+)[,)]").matcher(query);
    while (named.find()) {
      columns.add(named.group(1));
    }
    assertThat(JSON.readTree(sample).fieldNames()).toIterable().containsExactlyElementsOf(columns);
    assertThat(query).contains("'CLOUD_PUBSUB'", "/topics/feature-updates'", "AS message");
  }

  @Test
  void fromJavaThroughAnEmulator() throws Exception {
    try (EmbeddedPubSub emulator = EmbeddedPubSub.start()) {
      emulator.createTopic("projects/p/topics/feature-updates");
      emulator.createSubscription(
          "projects/p/subscriptions/feature-updates-sub", "projects/p/topics/feature-updates");

      String said =
          Tool.run(
              Map.of("PUBSUB_EMULATOR_HOST", emulator.address()),
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-cp",
              System.getProperty("java.class.path"),
              EXAMPLES.resolve("java/PublishFeatureUpdate.java").toString(),
              "p",
              "feature-updates",
              "driver_hourly_stats");

      assertThat(said).startsWith("published ");
      PubsubMessage message = pulled(emulator);
      FeatureUpdate update = decoded(message.getData().toByteArray(), message.getAttributesMap());
      assertThat(update.project()).contains("fraud");
      assertThat(update.featureView()).isEqualTo("driver_hourly_stats");
    }
  }

  private static PubsubMessage pulled(EmbeddedPubSub emulator) {
    var channel = ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
    try {
      return SubscriberGrpc.newBlockingStub(channel)
          .pull(
              PullRequest.newBuilder()
                  .setSubscription("projects/p/subscriptions/feature-updates-sub")
                  .setMaxMessages(1)
                  .build())
          .getReceivedMessages(0)
          .getMessage();
    } finally {
      channel.shutdownNow();
    }
  }

  // ---- Examples in Python, with stand-ins for the libraries they use ----

  private static List<JsonNode> feast(String call) throws Exception {
    return python(
        "-c",
        """
        from feast_updates import *
        store = FeatureStore(repo_path=".")
        updates = FeatureUpdates("my-project", "feature-updates", "//test")
        """
            + call);
  }

  private static List<JsonNode> python(String... arguments) throws Exception {
    Tool.needed(Tool.present("python3"), NO_PYTHON);
    List<String> command = new ArrayList<>(List.of("python3"));
    for (String argument : arguments) {
      command.add(argument.endsWith(".py") ? EXAMPLES.resolve(argument).toString() : argument);
    }
    String path =
        String.join(
            ":",
            "src/test/resources/publishing",
            EXAMPLES.resolve("python").toString(),
            EXAMPLES.resolve("feast").toString());
    Map<String, String> environment = new HashMap<>();
    environment.put("PYTHONPATH", path);
    environment.put("PYTHONDONTWRITEBYTECODE", "1");
    List<JsonNode> said = new ArrayList<>();
    for (String line : Tool.run(environment, command.toArray(String[]::new)).lines().toList()) {
      said.add(JSON.readTree(line));
    }
    return said;
  }

  private static void isForTheTopic(JsonNode message) {
    assertThat(message.get("topic").asText())
        .isEqualTo("projects/my-project/topics/feature-updates");
    assertThat(message.get("attributes").get("ce-id").asText()).isNotBlank();
  }

  private static FeatureUpdate decoded(JsonNode message) throws Exception {
    Map<String, String> attributes = new HashMap<>();
    message
        .get("attributes")
        .properties()
        .forEach(attribute -> attributes.put(attribute.getKey(), attribute.getValue().asText()));
    return decoded(message.get("data").asText().getBytes(StandardCharsets.UTF_8), attributes);
  }

  private static FeatureUpdate decoded(byte[] data, Map<String, String> attributes)
      throws Exception {
    Decoded decoded = new FeatureUpdateDecoder().decode(data, attributes, NOW);
    assertThat(decoded).isInstanceOf(Decoded.Update.class);
    return ((Decoded.Update) decoded).update();
  }
}
