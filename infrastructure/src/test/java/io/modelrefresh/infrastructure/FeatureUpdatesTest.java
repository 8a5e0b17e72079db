package io.modelrefresh.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the program creates, against mocks of Google Cloud. */
class FeatureUpdatesTest {

  private static final String TOPIC = "gcp:pubsub/topic:Topic";
  private static final String SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";

  @Test
  void aTopicAndAPullSubscriptionThatHoldsMessagesForTheAgent() {
    Project project = Project.of(Map.of());

    assertThat(project.one(TOPIC, "feature-updates").inputs())
        .containsEntry("name", "feature-updates")
        .containsEntry("messageRetentionDuration", "604800s")
        .doesNotContainKey("schemaSettings");
    // Numbers reach the mock as doubles.
    assertThat(project.one(SUBSCRIPTION, "feature-updates-sub").inputs())
        .containsEntry("name", "feature-updates-sub")
        .containsEntry("topic", "feature-updates")
        .containsEntry("ackDeadlineSeconds", 60.0)
        .containsEntry("messageRetentionDuration", "604800s")
        .containsEntry("expirationPolicy", Map.of("ttl", ""))
        .containsEntry("retryPolicy", Map.of("minimumBackoff", "10s", "maximumBackoff", "600s"))
        .containsEntry("enableExactlyOnceDelivery", false)
        .containsEntry("enableMessageOrdering", false)
        .doesNotContainKeys("pushConfig", "filter");
  }

  @Test
  void aMessageIsDeadLetteredAfterTheMostAttemptsThereMayBe() {
    Project project = Project.of(Map.of());

    assertThat(project.one(TOPIC, "feature-updates-dead-letter").inputs())
        .containsEntry("messageRetentionDuration", "604800s");
    assertThat(project.one(SUBSCRIPTION, "feature-updates-sub").input("deadLetterPolicy"))
        .isEqualTo(
            Map.of(
                "deadLetterTopic",
                "projects/PROJECT_ID/topics/feature-updates-dead-letter",
                "maxDeliveryAttempts",
                100.0));
    assertThat(project.one(SUBSCRIPTION, "feature-updates-dead-letter-sub").inputs())
        .containsEntry("topic", "feature-updates-dead-letter")
        .containsEntry("expirationPolicy", Map.of("ttl", ""))
        .doesNotContainKey("deadLetterPolicy");
  }

  @Test
  void pubSubItselfMayDeadLetter() {
    Project project = Project.of(Map.of());

    String pubsub = "serviceAccount:service-PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com";
    assertThat(project.one(Iam.TOPIC_MEMBER, "pubsub-dead-letters").inputs())
        .containsEntry("topic", "feature-updates-dead-letter")
        .containsEntry("role", "roles/pubsub.publisher")
        .containsEntry("member", pubsub);
    assertThat(project.one(Iam.SUBSCRIPTION_MEMBER, "pubsub-acknowledges").inputs())
        .containsEntry("subscription", "feature-updates-sub")
        .containsEntry("role", "roles/pubsub.subscriber")
        .containsEntry("member", pubsub);
  }

  @Test
  void theAgentsPodsAreTheServiceAccountByWorkloadIdentity() {
    Project project = Project.of(Map.of("kubernetesServiceAccount", "ml/refresher"));

    assertThat(project.one(Iam.ACCOUNT_MEMBER, "agent-workload-identity").inputs())
        .containsEntry("role", "roles/iam.workloadIdentityUser")
        .containsEntry("member", "serviceAccount:PROJECT_ID.svc.id.goog[ml/refresher]")
        .containsEntry(
            "serviceAccountId",
            "projects/PROJECT_ID/serviceAccounts/model-refresh-agent@PROJECT_ID.iam.gserviceaccount.com");
  }

  @Test
  void eachPublisherMayPublishAndNothingElse() {
    Project project =
        Project.of(Map.of("publishers", "serviceAccount:store@p, group:features@example.com"));

    for (String member : new String[] {"serviceAccount:store@p", "group:features@example.com"}) {
      assertThat(Iam.grantsOf(project))
          .filteredOn(grant -> grant.member().equals(member))
          .singleElement()
          .isEqualTo(new Iam.Grant("topic feature-updates", "roles/pubsub.publisher", member));
    }
  }

  @Test
  void theAgentMayAskForRetrainingOnATopicOfItsOwn() {
    String agent = "serviceAccount:model-refresh-agent@PROJECT_ID.iam.gserviceaccount.com";
    for (Map<String, String> config :
        List.of(Map.<String, String>of(), Map.of("retrainingTopic", "trainings"))) {
      String name = config.getOrDefault("retrainingTopic", "retraining-jobs");
      Project project = Project.of(config);

      assertThat(project.one(TOPIC, name).inputs())
          .containsEntry("name", name)
          .containsEntry("messageRetentionDuration", "604800s");
      assertThat(Iam.grantsOf(project))
          .contains(new Iam.Grant("topic " + name, "roles/pubsub.publisher", agent));
      assertThat(Project.outputsOf(config)).containsEntry("retraining_topic_name", name);
    }
  }

  @Test
  void noneIsATopicThatIsNotMade() {
    Project project = Project.of(Map.of("retrainingTopic", "none"));

    assertThat(project.all(TOPIC))
        .extracting(topic -> topic.input("name"))
        .containsExactlyInAnyOrder("feature-updates", "feature-updates-dead-letter");
    assertThat(Iam.grantsOf(project)).noneMatch(grant -> grant.on().contains("retraining"));
    assertThat(Project.outputsOf(Map.of("retrainingTopic", "none")))
        .doesNotContainKey("retraining_topic_name");
  }

  @Test
  void exactlyOnceOrderingAndAShardOfTheTopicAreForTheAsking() {
    Project project =
        Project.of(
            Map.of(
                "exactlyOnce", "true",
                "ordering", "true",
                "subscription", "feature-updates-eu",
                "filter", "attributes.region = \"eu\""));

    assertThat(project.one(SUBSCRIPTION, "feature-updates-eu").inputs())
        .containsEntry("enableExactlyOnceDelivery", true)
        .containsEntry("enableMessageOrdering", true)
        .containsEntry("filter", "attributes.region = \"eu\"");
  }

  @Test
  void aTopicWithASchemaTakesItsJson() {
    Project project = Project.of(Map.of("schema", "protobuf"));

    assertThat(project.one("gcp:pubsub/schema:Schema", "feature-update").inputs())
        .containsEntry("type", "PROTOCOL_BUFFER")
        .containsEntry("definition", ProtobufSchema.ofFeatureUpdates());
    assertThat(project.one(TOPIC, "feature-updates").input("schemaSettings"))
        .isEqualTo(
            Map.of("schema", "projects/PROJECT_ID/schemas/feature-update", "encoding", "JSON"));
  }

  @Test
  void theOutputsAreNamesAndTheAgentsEnvironment() {
    Map<String, Object> outputs =
        Project.outputsOf(Map.of("topic", "updates", "subscription", "mine", "ordering", "true"));

    assertThat(outputs)
        .containsEntry("topic_name", "updates")
        .containsEntry("subscription_name", "mine")
        .containsEntry("dead_letter_topic_name", "updates-dead-letter")
        .containsEntry("dead_letter_subscription_name", "updates-dead-letter-sub")
        .containsEntry(
            "service_account_email", "model-refresh-agent@PROJECT_ID.iam.gserviceaccount.com")
        .containsEntry(
            "environment",
            Map.of(
                "QUARKUS_GOOGLE_CLOUD_PROJECT_ID", "PROJECT_ID",
                "MP_MESSAGING_INCOMING_FEATURE_UPDATES_SUBSCRIPTION", "mine",
                "MP_MESSAGING_INCOMING_FEATURE_UPDATES_TOPIC", "updates",
                "MP_MESSAGING_INCOMING_FEATURE_UPDATES_DEAD_LETTER_TOPIC", "updates-dead-letter",
                "MP_MESSAGING_INCOMING_FEATURE_UPDATES_ORDERED", "key",
                "MP_MESSAGING_OUTGOING_FEATURE_UPDATES_TOPIC_TOPIC", "updates",
                "MODEL_REFRESH_DEAD_LETTER_SUBSCRIPTION", "updates-dead-letter-sub"));
  }

  @Test
  void everyVariableOfTheEnvironmentIsASettingInTheAgentsReadme() throws Exception {
    Set<String> settings =
        Files.readString(Path.of("../README.md"))
            .lines()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.substring(3, line.indexOf('`', 3)))
            .map(key -> key.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT))
            .collect(Collectors.toSet());

    Object environment =
        Project.outputsOf(Map.of("exactlyOnce", "true", "ordering", "true")).get("environment");

    assertThat(((Map<?, ?>) environment).keySet())
        .hasSize(8)
        .allSatisfy(
            variable ->
                assertThat(
                        variable
                            .toString()
                            .replaceAll("^MP_MESSAGING_INCOMING_FEATURE_UPDATES_", "")
                            .replaceAll("^MP_MESSAGING_OUTGOING_FEATURE_UPDATES_TOPIC_", ""))
                    .satisfiesAnyOf(
                        name -> assertThat(settings).contains(name),
                        name -> assertThat(name).isEqualTo("QUARKUS_GOOGLE_CLOUD_PROJECT_ID")));
  }
}
