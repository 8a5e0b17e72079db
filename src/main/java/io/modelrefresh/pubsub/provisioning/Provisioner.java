package io.modelrefresh.pubsub.provisioning;

import com.google.api.core.ApiFunction;
import com.google.api.gax.core.InstantiatingExecutorProvider;
import com.google.api.gax.rpc.AlreadyExistsException;
import com.google.api.gax.rpc.NotFoundException;
import com.google.api.gax.rpc.PermissionDeniedException;
import com.google.api.gax.rpc.UnaryCallSettings;
import com.google.api.gax.rpc.UnimplementedException;
import com.google.cloud.pubsub.v1.SubscriptionAdminClient;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.cloud.pubsub.v1.TopicAdminClient;
import com.google.cloud.pubsub.v1.TopicAdminSettings;
import com.google.iam.v1.TestIamPermissionsRequest;
import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.ExpirationPolicy;
import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.ProjectTopicName;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;
import io.modelrefresh.pubsub.PubSubServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Asks a Pub/Sub server for what a consumer needs, and makes what is missing. All methods block,
 * for some seconds at most, and throw Google's {@code ApiException} when the server cannot be
 * asked.
 *
 * <table>
 *   <caption>Of a topic or subscription</caption>
 *   <tr><th>Get answers</th><th>create</th><th>verify says</th></tr>
 *   <tr><td>it</td><td>leaves it as it is</td><td>what is not permitted on it</td></tr>
 *   <tr><td>NOT_FOUND</td><td>makes it</td><td>it does not exist</td></tr>
 *   <tr><td>PERMISSION_DENIED</td><td>tries to make it</td><td>nothing, if what it is needed for is
 *   permitted; else that it does not exist or that is not permitted</td></tr>
 * </table>
 *
 * <p>Permissions are asked for by TestIamPermissions, which needs none; an emulator without it
 * permits everything.
 */
public final class Provisioner implements AutoCloseable {

  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

  /**
   * Every redelivery of a message that is held is an attempt, and only the retry policy delays it.
   */
  private static final int DELIVERY_ATTEMPTS = 100;

  private static final int ACK_DEADLINE_SECONDS = 60;
  private static final int SHORTEST_RETRY_SECONDS = 10;
  private static final int LONGEST_RETRY_SECONDS = 600;

  /** What the service puts in the place of a subscription's topic once that is deleted. */
  private static final String DELETED_TOPIC = "_deleted-topic_";

  private final TopicAdminClient topics;
  private final SubscriptionAdminClient subscriptions;

  /**
   * @throws IOException when there are no credentials
   */
  public Provisioner(PubSubServer server) throws IOException {
    topics = TopicAdminClient.create(topicSettings(server));
    subscriptions = SubscriptionAdminClient.create(subscriptionSettings(server));
  }

  private static TopicAdminSettings topicSettings(PubSubServer server) throws IOException {
    TopicAdminSettings.Builder settings =
        TopicAdminSettings.newBuilder()
            .setCredentialsProvider(server.credentials())
            .setBackgroundExecutorProvider(oneThread());
    server.channel().ifPresent(settings::setTransportChannelProvider);
    return settings.applyToAllUnaryMethods(shortAndOnce()).build();
  }

  private static SubscriptionAdminSettings subscriptionSettings(PubSubServer server)
      throws IOException {
    SubscriptionAdminSettings.Builder settings =
        SubscriptionAdminSettings.newBuilder()
            .setCredentialsProvider(server.credentials())
            .setBackgroundExecutorProvider(oneThread());
    server.channel().ifPresent(settings::setTransportChannelProvider);
    return settings.applyToAllUnaryMethods(shortAndOnce()).build();
  }

  private static InstantiatingExecutorProvider oneThread() {
    return InstantiatingExecutorProvider.newBuilder().setExecutorThreadCount(1).build();
  }

  private static ApiFunction<UnaryCallSettings.Builder<?, ?>, Void> shortAndOnce() {
    return method -> {
      method.setSimpleTimeoutNoRetriesDuration(CALL_TIMEOUT);
      return null;
    };
  }

  /** Makes what is missing, changes nothing that is there, and says what is amiss then. */
  public List<Shortcoming> create(NeededResources needed) {
    for (ProjectTopicName topic : List.of(needed.topic(), needed.deadLetterTopic())) {
      if (existence(() -> topics.getTopic(topic.toString())) != Existence.THERE) {
        create(() -> topics.createTopic(topic.toString()));
      }
    }
    create(subscription(needed.deadLetterSubscription(), needed.deadLetterTopic()).build());
    create(
        subscription(needed.subscription(), needed.topic())
            .setRetryPolicy(
                RetryPolicy.newBuilder()
                    .setMinimumBackoff(Durations.fromSeconds(SHORTEST_RETRY_SECONDS))
                    .setMaximumBackoff(Durations.fromSeconds(LONGEST_RETRY_SECONDS)))
            .setDeadLetterPolicy(
                DeadLetterPolicy.newBuilder()
                    .setDeadLetterTopic(needed.deadLetterTopic().toString())
                    .setMaxDeliveryAttempts(DELIVERY_ATTEMPTS))
            .build());
    return verify(needed);
  }

  private static Subscription.Builder subscription(
      ProjectSubscriptionName name, ProjectTopicName topic) {
    return Subscription.newBuilder()
        .setName(name.toString())
        .setTopic(topic.toString())
        .setAckDeadlineSeconds(ACK_DEADLINE_SECONDS)
        // Without a time: never, however long nobody consumes.
        .setExpirationPolicy(ExpirationPolicy.getDefaultInstance());
  }

  private void create(Subscription wanted) {
    if (existence(() -> subscriptions.getSubscription(wanted.getName())) != Existence.THERE) {
      create(() -> subscriptions.createSubscription(wanted));
    }
  }

  private static void create(Runnable call) {
    try {
      call.run();
    } catch (AlreadyExistsException | PermissionDeniedException | NotFoundException e) {
      // There by now, or not ours to see; what is amiss is said by verify.
    }
  }

  /** What is missing, or not permitted; empty when nothing is amiss. */
  public List<Shortcoming> verify(NeededResources needed) {
    ProjectTopicName deadLetters = needed.deadLetterTopic();
    List<Shortcoming> found = new ArrayList<>();
    Need.ofTopic(needed.topic(), "to replay dead letters and to publish over HTTP")
        .optionalPermission()
        .shortcoming(this)
        .ifPresent(found::add);
    Need.ofTopic(deadLetters, "to put aside what is no feature update")
        .shortcoming(this)
        .ifPresent(found::add);
    Need.ofSubscription(
            needed.subscription(),
            needed.topic(),
            "to receive feature updates",
            " --min-retry-delay=%ds --max-retry-delay=%ds --dead-letter-topic=%s --max-delivery-attempts=%d"
                .formatted(
                    SHORTEST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, deadLetters, DELIVERY_ATTEMPTS))
        .shortcoming(this)
        .or(() -> withoutTopic(needed))
        .ifPresent(found::add);
    Need.ofSubscription(needed.deadLetterSubscription(), deadLetters, "to replay dead letters", "")
        .optional()
        .shortcoming(this)
        .ifPresent(found::add);
    return found;
  }

  private Optional<Shortcoming> withoutTopic(NeededResources needed) {
    String name = needed.subscription().toString();
    try {
      String topic = subscriptions.getSubscription(name).getTopic();
      return topic.equals(DELETED_TOPIC)
          ? Optional.of(
              new Shortcoming(
                  needed.subscription().getSubscription(),
                  true,
                  ("the topic of subscription %s was deleted, so nothing reaches it; delete it, and it"
                          + " can be created anew: gcloud pubsub subscriptions delete %s --project=%s")
                      .formatted(
                          name,
                          needed.subscription().getSubscription(),
                          needed.subscription().getProject())))
          : Optional.empty();
    } catch (PermissionDeniedException | NotFoundException e) {
      return Optional.empty();
    }
  }

  Existence ofTopic(String name) {
    return existence(() -> topics.getTopic(name));
  }

  Existence ofSubscription(String name) {
    return existence(() -> subscriptions.getSubscription(name));
  }

  private static Existence existence(Runnable get) {
    try {
      get.run();
      return Existence.THERE;
    } catch (NotFoundException e) {
      return Existence.MISSING;
    } catch (PermissionDeniedException e) {
      return Existence.UNKNOWN;
    }
  }

  /** Whether whoever asks has the permission on the topic or subscription. */
  boolean permits(String resource, String permission) {
    TestIamPermissionsRequest request =
        TestIamPermissionsRequest.newBuilder()
            .setResource(resource)
            .addPermissions(permission)
            .build();
    try {
      return topics.testIamPermissions(request).getPermissionsList().contains(permission);
    } catch (UnimplementedException e) {
      return true;
    } catch (PermissionDeniedException | NotFoundException e) {
      return false;
    }
  }

  @Override
  public void close() {
    topics.close();
    subscriptions.close();
  }
}
