package io.modelrefresh.pubsub.provisioning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.ApiException;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.DeleteTopicRequest;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.OfficialEmulator;
import io.modelrefresh.operations.Tool;
import io.modelrefresh.pubsub.PubSubServer;
import io.modelrefresh.pubsub.QuarkusPubSubServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is made of missing topics and subscriptions, and what is said of them. */
class ProvisionerTest {

  private static final NeededResources NEEDED =
      NeededResources.of(
          "dev",
          "feature-updates",
          "feature-updates-sub",
          "feature-updates-dead-letter",
          "projects/dev/subscriptions/dead-letters");

  private static final String TOPIC = "projects/dev/topics/feature-updates";
  private static final String DEAD_LETTERS = "projects/dev/topics/feature-updates-dead-letter";
  private static final String SUBSCRIPTION = "projects/dev/subscriptions/feature-updates-sub";

  private final EmbeddedPubSub emulator = EmbeddedPubSub.start();
  private final Provisioner provisioner = provisioner(emulator.address());

  @AfterEach
  void close() {
    provisioner.close();
    emulator.close();
  }

  // ---- create ----

  @Test
  void createMakesWhatIsMissingAsItIsRecommended() {
    assertThat(provisioner.create(NEEDED)).isEmpty();

    assertRecommended(emulator.address());
    assertThat(provisioner.create(NEEDED)).as("and again").isEmpty();
  }

  @Test
  void createDoesSoInTheOfficialEmulatorToo() throws Exception {
    Optional<Path> jar = OfficialEmulator.jar();
    Tool.needed(
        jar.isPresent(),
        "Google's official emulator is not on this machine: nothing is provisioned in it");
    try (OfficialEmulator official = OfficialEmulator.start(jar.get());
        Provisioner there = provisioner(official.address())) {
      assertThat(there.verify(NEEDED)).hasSize(4);

      assertThat(there.create(NEEDED)).isEmpty();

      assertRecommended(official.address());
      assertThat(there.create(NEEDED)).as("and again").isEmpty();
    }
  }

  @Test
  void createChangesNothingThatIsThere() {
    emulator.createTopic("projects/dev/topics/another");
    Subscription own =
        Subscription.newBuilder()
            .setName(SUBSCRIPTION)
            .setTopic("projects/dev/topics/another")
            .setAckDeadlineSeconds(17)
            .build();
    emulator.createSubscription(own);
    Subscription before = subscription(emulator.address(), SUBSCRIPTION);

    provisioner.create(NEEDED);

    assertThat(subscription(emulator.address(), SUBSCRIPTION)).isEqualTo(before);
  }

  @Test
  void whoMayNotCreateIsToldTheCommandsForWhoMay() {
    emulator.faults().deny("CreateTopic");

    assertThat(provisioner.create(NEEDED))
        .extracting(Shortcoming::text)
        .hasSize(4)
        .anyMatch(text -> text.contains("gcloud pubsub topics create feature-updates "));
  }

  private static void assertRecommended(String address) {
    Subscription updates = subscription(address, SUBSCRIPTION);
    assertThat(updates.getTopic()).isEqualTo(TOPIC);
    assertThat(updates.getAckDeadlineSeconds()).isEqualTo(60);
    assertThat(updates.getRetryPolicy().getMinimumBackoff()).isEqualTo(Durations.fromSeconds(10));
    assertThat(updates.getRetryPolicy().getMaximumBackoff()).isEqualTo(Durations.fromSeconds(600));
    assertThat(updates.getDeadLetterPolicy().getDeadLetterTopic()).isEqualTo(DEAD_LETTERS);
    assertThat(updates.getDeadLetterPolicy().getMaxDeliveryAttempts()).isEqualTo(100);
    assertThat(updates.getExpirationPolicy().hasTtl()).isFalse();
    assertThat(subscription(address, "projects/dev/subscriptions/dead-letters").getTopic())
        .isEqualTo(DEAD_LETTERS);
  }

  // ---- verify ----

  @Test
  void nothingIsAmissWhereAllIsThereAndPermitted() {
    provisioner.create(NEEDED);

    assertThat(provisioner.verify(NEEDED)).isEmpty();
  }

  @Test
  void verifyCreatesNothingAndNamesEachThatIsMissingWithTheCommandThatCreatesIt() {
    List<Shortcoming> found = provisioner.verify(NEEDED);

    assertThat(provisioner.verify(NEEDED)).isEqualTo(found);
    assertThat(found)
        .containsExactly(
            new Shortcoming(
                "feature-updates",
                true,
                "topic projects/dev/topics/feature-updates does not exist, needed to replay dead"
                    + " letters and to publish over HTTP; create it: gcloud pubsub topics create"
                    + " feature-updates --project=dev"),
            new Shortcoming(
                "feature-updates-dead-letter",
                true,
                "topic projects/dev/topics/feature-updates-dead-letter does not exist, needed to"
                    + " put aside what is no feature update; create it: gcloud pubsub topics create"
                    + " feature-updates-dead-letter --project=dev"),
            new Shortcoming(
                "feature-updates-sub",
                true,
                "subscription projects/dev/subscriptions/feature-updates-sub does not exist, needed"
                    + " to receive feature updates; create it: gcloud pubsub subscriptions create"
                    + " feature-updates-sub --project=dev --topic=projects/dev/topics/feature-updates"
                    + " --ack-deadline=60 --expiration-period=never --min-retry-delay=10s"
                    + " --max-retry-delay=600s"
                    + " --dead-letter-topic=projects/dev/topics/feature-updates-dead-letter"
                    + " --max-delivery-attempts=100"),
            new Shortcoming(
                "dead-letters",
                false,
                "subscription projects/dev/subscriptions/dead-letters does not exist, needed to"
                    + " replay dead letters; create it: gcloud pubsub subscriptions create"
                    + " dead-letters --project=dev"
                    + " --topic=projects/dev/topics/feature-updates-dead-letter --ack-deadline=60"
                    + " --expiration-period=never"));
  }

  @Test
  void verifyNamesEachPermissionThatIsMissingWithTheCommandThatGrantsIt() {
    provisioner.create(NEEDED);
    emulator.faults().deny("Publish");
    emulator.faults().deny("StreamingPull");

    List<Shortcoming> found = provisioner.verify(NEEDED);

    assertThat(found)
        .extracting(Shortcoming::resource, Shortcoming::blocking)
        .containsExactly(
            tuple("feature-updates", false),
            tuple("feature-updates-dead-letter", true),
            tuple("feature-updates-sub", true),
            tuple("dead-letters", false));
    assertThat(found.get(1).text())
        .isEqualTo(
            "not allowed to publish to topic projects/dev/topics/feature-updates-dead-letter, needed"
                + " to put aside what is no feature update; grant it: gcloud pubsub topics"
                + " add-iam-policy-binding feature-updates-dead-letter --project=dev"
                + " --member=serviceAccount:ACCOUNT --role=roles/pubsub.publisher");
    assertThat(found.get(2).text())
        .isEqualTo(
            "not allowed to consume subscription projects/dev/subscriptions/feature-updates-sub,"
                + " needed to receive feature updates; grant it: gcloud pubsub subscriptions"
                + " add-iam-policy-binding feature-updates-sub --project=dev"
                + " --member=serviceAccount:ACCOUNT --role=roles/pubsub.subscriber");
  }

  @Test
  void whatMayBeUsedNeedNotBeSeen() {
    provisioner.create(NEEDED);
    emulator.faults().deny("GetTopic");
    emulator.faults().deny("GetSubscription");

    assertThat(provisioner.verify(NEEDED)).isEmpty();
  }

  @Test
  void whatMayNeitherBeUsedNorSeenIsMissingOrNotPermitted() {
    provisioner.create(NEEDED);
    emulator.faults().deny(DEAD_LETTERS);

    assertThat(provisioner.verify(NEEDED))
        .singleElement()
        .extracting(Shortcoming::text)
        .asString()
        .startsWith("topic " + DEAD_LETTERS + " does not exist, or may not be used, needed ")
        .contains("gcloud pubsub topics create", "gcloud pubsub topics add-iam-policy-binding");
  }

  @Test
  void aSubscriptionWhoseTopicWasDeletedIsNamed() {
    provisioner.create(NEEDED);
    deleteTopic();

    assertThat(provisioner.create(NEEDED))
        .singleElement()
        .extracting(Shortcoming::text)
        .asString()
        .startsWith("the topic of subscription " + SUBSCRIPTION + " was deleted");
  }

  @Test
  void aServerThatIsNotThereIsNoShortcoming() {
    emulator.close();

    assertThatThrownBy(() -> provisioner.verify(NEEDED)).isInstanceOf(ApiException.class);
  }

  // ---- A server ----

  private static Provisioner provisioner(String address) {
    try {
      return new Provisioner(
          new PubSubServer() {
            @Override
            public String projectId() {
              return "dev";
            }

            @Override
            public CredentialsProvider credentials() {
              return NoCredentialsProvider.create();
            }

            @Override
            public Optional<TransportChannelProvider> channel() {
              return Optional.of(QuarkusPubSubServer.plaintext(address));
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Subscription subscription(String address, String name) {
    ManagedChannel channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
    try {
      return SubscriberGrpc.newBlockingStub(channel)
          .getSubscription(GetSubscriptionRequest.newBuilder().setSubscription(name).build());
    } finally {
      channel.shutdownNow();
    }
  }

  private void deleteTopic() {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
    try {
      PublisherGrpc.newBlockingStub(channel)
          .deleteTopic(DeleteTopicRequest.newBuilder().setTopic(TOPIC).build());
    } finally {
      channel.shutdownNow();
    }
  }
}
