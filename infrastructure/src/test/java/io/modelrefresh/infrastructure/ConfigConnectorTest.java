package io.modelrefresh.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The manifests for Config Connector create what the program does. */
class ConfigConnectorTest {

  private static final Path MANIFESTS = Path.of("../kubernetes/config-connector");

  private final List<JsonNode> objects = objects();
  private final Project project =
      Project.of(
          Map.of("publishers", "serviceAccount:feature-store@PROJECT_ID.iam.gserviceaccount.com"));

  @Test
  void theTopicsAreTheSame() {
    assertThat(
            of("PubSubTopic")
                .map(topic -> List.of(name(topic), text(topic, "messageRetentionDuration"))))
        .containsExactlyInAnyOrderElementsOf(
            project.all("gcp:pubsub/topic:Topic").stream()
                .map(
                    topic ->
                        List.of(
                            topic.input("name").toString(),
                            topic.input("messageRetentionDuration").toString()))
                .toList());
  }

  @Test
  void theSubscriptionsAreTheSame() {
    var declared = project.all("gcp:pubsub/subscription:Subscription");

    assertThat(of("PubSubSubscription").map(ConfigConnectorTest::name))
        .containsExactlyInAnyOrderElementsOf(
            declared.stream().map(one -> one.input("name").toString()).toList());
    for (var subscription : declared) {
      JsonNode spec =
          of("PubSubSubscription")
              .filter(one -> name(one).equals(subscription.input("name")))
              .findFirst()
              .orElseThrow()
              .get("spec");
      assertThat(spec.at("/topicRef/name").asText()).isEqualTo(subscription.input("topic"));
      assertThat(spec.get("ackDeadlineSeconds").asDouble())
          .isEqualTo(subscription.input("ackDeadlineSeconds"));
      assertThat(spec.get("messageRetentionDuration").asText())
          .isEqualTo(subscription.input("messageRetentionDuration"));
      assertThat(map(spec.get("expirationPolicy")))
          .isEqualTo(subscription.input("expirationPolicy"));
      assertThat(map(spec.get("retryPolicy"))).isEqualTo(subscription.input("retryPolicy"));
      Object deadLetters = subscription.input("deadLetterPolicy");
      assertThat(spec.has("deadLetterPolicy")).isEqualTo(deadLetters != null);
      if (deadLetters instanceof Map<?, ?> policy) {
        assertThat(spec.at("/deadLetterPolicy/maxDeliveryAttempts").asDouble())
            .isEqualTo(policy.get("maxDeliveryAttempts"));
        assertThat("projects/PROJECT_ID/topics/" + deadLetterTopic(spec))
            .isEqualTo(policy.get("deadLetterTopic"));
      }
    }
  }

  @Test
  void whoMayDoWhatIsTheSame() {
    assertThat(of("IAMPolicyMember").map(ConfigConnectorTest::grant))
        .containsExactlyInAnyOrderElementsOf(Iam.grantsOf(project));
  }

  private static Iam.Grant grant(JsonNode member) {
    JsonNode spec = member.get("spec");
    String kind =
        switch (spec.at("/resourceRef/kind").asText()) {
          case "PubSubTopic" -> "topic";
          case "PubSubSubscription" -> "subscription";
          case "IAMServiceAccount" -> "account";
          default -> throw new AssertionError("of no kind the program knows: " + spec);
        };
    String account = spec.at("/memberFrom/serviceAccountRef/name").asText();
    return new Iam.Grant(
        kind + " " + spec.at("/resourceRef/name").asText(),
        spec.get("role").asText(),
        account.isEmpty()
            ? spec.get("member").asText()
            : "serviceAccount:" + account + "@PROJECT_ID.iam.gserviceaccount.com");
  }

  private static String deadLetterTopic(JsonNode spec) {
    return spec.at("/deadLetterPolicy/deadLetterTopicRef/name").asText();
  }

  private static Object map(JsonNode node) {
    return new YAMLMapper().convertValue(node, Map.class);
  }

  private Stream<JsonNode> of(String kind) {
    return objects.stream().filter(object -> object.get("kind").asText().equals(kind));
  }

  private static String name(JsonNode object) {
    return object.at("/metadata/name").asText();
  }

  private static String text(JsonNode object, String field) {
    return object.get("spec").get(field).asText();
  }

  private static List<JsonNode> objects() {
    try (var files = Files.list(MANIFESTS)) {
      return files.flatMap(ConfigConnectorTest::objectsIn).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<JsonNode> objectsIn(Path file) {
    try (var documents =
        new YAMLMapper().readerFor(JsonNode.class).<JsonNode>readValues(file.toFile())) {
      return documents.readAll().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
