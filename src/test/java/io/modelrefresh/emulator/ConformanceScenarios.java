package io.modelrefresh.emulator;

import static io.modelrefresh.emulator.PubSubClient.data;
import static io.modelrefresh.emulator.PubSubClient.keyed;
import static io.modelrefresh.emulator.PubSubClient.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.DeleteTopicRequest;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.GetTopicRequest;
import com.google.pubsub.v1.ListSubscriptionsRequest;
import com.google.pubsub.v1.ListTopicSubscriptionsRequest;
import com.google.pubsub.v1.ListTopicsRequest;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.SeekRequest;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import com.google.pubsub.v1.UpdateSubscriptionRequest;
import com.google.pubsub.v1.UpdateTopicRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a Pub/Sub server does, by the protocol's own stubs: one suite, run against each server. A
 * scenario makes its own topics and subscriptions, so they share a server. It is long because it is
 * a list.
 */
abstract class ConformanceScenarios {

  private static final String NO_FILTERS = "it ignores filters";
  private static final String NO_BACKOFF = "it redelivers at once whatever the retry policy says";
  private static final String NO_EXACTLY_ONCE = "it does not enforce exactly-once delivery";

  PubSubClient client;

  abstract String address();

  @BeforeEach
  void connect() {
    client = new PubSubClient(address());
  }

  @AfterEach
  void disconnect() {
    // There is none when the scenario was skipped for want of a server.
    if (client != null) {
      client.close();
    }
  }

  // ---- topics

  @Test
  void aTopicIsCreatedFoundListedAndDeleted() {
    String topic = client.createTopic();

    assertThat(getTopic(topic).getName()).isEqualTo(topic);
    assertThat(
            client
                .publisher
                .listTopics(
                    ListTopicsRequest.newBuilder()
                        .setProject(client.project)
                        .setPageSize(1_000)
                        .build())
                .getTopicsList())
        .extracting(Topic::getName)
        .contains(topic);

    client.publisher.deleteTopic(DeleteTopicRequest.newBuilder().setTopic(topic).build());
    assertRefused(Status.Code.NOT_FOUND, () -> getTopic(topic));
  }

  @Test
  @DocumentedGap("it updates nothing of a topic but its schema settings")
  void aTopicsLabelsAreUpdated() {
    String topic = client.createTopic();

    client.publisher.updateTopic(
        UpdateTopicRequest.newBuilder()
            .setTopic(Topic.newBuilder().setName(topic).putLabels("team", "ml"))
            .setUpdateMask(FieldMask.newBuilder().addPaths("labels"))
            .build());

    assertThat(getTopic(topic).getLabelsMap()).containsEntry("team", "ml");
  }

  @Test
  void aTopicIsNotCreatedTwice() {
    String topic = client.createTopic();

    assertRefused(
        Status.Code.ALREADY_EXISTS,
        () -> client.publisher.createTopic(Topic.newBuilder().setName(topic).build()));
  }

  @Test
  void aTopicsNameIsChecked() {
    for (String id : List.of("ab", "1abc", "goog-topic", "a b c", "x".repeat(256))) {
      String name = client.project + "/topics/" + id;
      assertRefused(
          Status.Code.INVALID_ARGUMENT,
          () -> client.publisher.createTopic(Topic.newBuilder().setName(name).build()));
    }
  }

  @Test
  void aDeletedTopicLeavesItsSubscriptions() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);

    client.publisher.deleteTopic(DeleteTopicRequest.newBuilder().setTopic(topic).build());

    assertThat(getSubscription(subscription).getTopic()).isEqualTo("_deleted-topic_");
  }

  // ---- subscriptions

  @Test
  void aSubscriptionIsCreatedFoundListedAndDeleted() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);

    assertThat(getSubscription(subscription).getTopic()).isEqualTo(topic);
    assertThat(getSubscription(subscription).getAckDeadlineSeconds()).isEqualTo(10);
    assertThat(
            client
                .subscriber
                .listSubscriptions(
                    ListSubscriptionsRequest.newBuilder()
                        .setProject(client.project)
                        .setPageSize(1_000)
                        .build())
                .getSubscriptionsList())
        .extracting(Subscription::getName)
        .contains(subscription);
    assertThat(
            client
                .publisher
                .listTopicSubscriptions(
                    ListTopicSubscriptionsRequest.newBuilder().setTopic(topic).build())
                .getSubscriptionsList())
        .containsExactly(subscription);

    client.deleteSubscription(subscription);
    assertRefused(Status.Code.NOT_FOUND, () -> getSubscription(subscription));
  }

  @Test
  void aSubscriptionNeedsItsTopic() {
    assertRefused(Status.Code.NOT_FOUND, () -> client.createSubscription(client.name("topics")));
  }

  @Test
  void aSubscriptionIsNotCreatedTwice() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);

    assertRefused(
        Status.Code.ALREADY_EXISTS,
        () ->
            client.subscriber.createSubscription(
                Subscription.newBuilder().setName(subscription).setTopic(topic).build()));
  }

  @Test
  @DocumentedGap("it takes any ack deadline")
  void aSubscriptionsAckDeadlineIsTenToSixHundredSeconds() {
    String topic = client.createTopic();

    for (int seconds : List.of(9, 601, -1)) {
      assertRefused(
          Status.Code.INVALID_ARGUMENT,
          () ->
              client.createSubscription(
                  Subscription.newBuilder().setTopic(topic).setAckDeadlineSeconds(seconds)));
    }
  }

  @Test
  void anUpdateChangesWhatItsMaskNames() {
    String subscription = client.createSubscription(client.createTopic());

    client.subscriber.updateSubscription(
        UpdateSubscriptionRequest.newBuilder()
            .setSubscription(
                Subscription.newBuilder()
                    .setName(subscription)
                    .setAckDeadlineSeconds(60)
                    .putLabels("not", "named"))
            .setUpdateMask(FieldMask.newBuilder().addPaths("ack_deadline_seconds"))
            .build());

    assertThat(getSubscription(subscription).getAckDeadlineSeconds()).isEqualTo(60);
    assertThat(getSubscription(subscription).getLabelsMap()).isEmpty();
  }

  @Test
  void anUpdateWithoutAMaskIsRefused() {
    String subscription = client.createSubscription(client.createTopic());

    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client.subscriber.updateSubscription(
                UpdateSubscriptionRequest.newBuilder()
                    .setSubscription(Subscription.newBuilder().setName(subscription))
                    .build()));
  }

  @Test
  void whatASubscriptionIsOfCannotBeUpdated() {
    String subscription = client.createSubscription(client.createTopic());

    for (String fixed : List.of("topic", "filter", "enable_message_ordering")) {
      assertThatThrownBy(
              () ->
                  update(
                      Subscription.newBuilder()
                          .setName(subscription)
                          .setTopic(client.createTopic())
                          .setFilter("attributes:kind")
                          .setEnableMessageOrdering(true),
                      fixed))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              refusal -> {
                assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
                assertThat(refusal.getStatus().getDescription()).contains(fixed);
              });
    }
  }

  @Test
  void aDeadLetterPolicyGivenLaterTakesEffect() {
    String deadLetters = client.createTopic();
    String deadLettersSubscription = client.createSubscription(deadLetters);
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    ReceivedMessage received = client.pull(subscription, 1).get(0);
    assertThat(received.getDeliveryAttempt()).as("unknown without a policy").isZero();

    update(
        Subscription.newBuilder()
            .setName(subscription)
            .setDeadLetterPolicy(
                DeadLetterPolicy.newBuilder()
                    .setDeadLetterTopic(deadLetters)
                    .setMaxDeliveryAttempts(5)),
        "dead_letter_policy");

    client.nack(subscription, received);
    await()
        .until(
            () -> {
              client.pullNow(subscription, 1).forEach(again -> client.nack(subscription, again));
              return !client.pullNow(deadLettersSubscription, 1).isEmpty();
            });
  }

  private void update(Subscription.Builder changed, String path) {
    client.subscriber.updateSubscription(
        UpdateSubscriptionRequest.newBuilder()
            .setSubscription(changed)
            .setUpdateMask(FieldMask.newBuilder().addPaths(path))
            .build());
  }

  // ---- publishing

  @Test
  void whatIsPublishedIsDeliveredAsItWas() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    var published = message("hello").putAttributes("ce-type", "test").setOrderingKey("key").build();

    String id = client.publish(topic, List.of(published)).get(0);

    ReceivedMessage received = client.pull(subscription, 10).get(0);
    assertThat(received.getMessage().getMessageId()).isEqualTo(id);
    assertThat(received.getMessage().getData()).isEqualTo(published.getData());
    assertThat(received.getMessage().getAttributesMap()).isEqualTo(Map.of("ce-type", "test"));
    assertThat(received.getMessage().getOrderingKey()).isEqualTo("key");
    assertThat(received.getMessage().hasPublishTime()).isTrue();
    assertThat(received.getDeliveryAttempt()).isZero();
  }

  @Test
  void everySubscriptionGetsEveryMessage() {
    String topic = client.createTopic();
    String one = client.createSubscription(topic);
    String other = client.createSubscription(topic);

    client.publish(topic, "a");

    assertThat(data(client.pull(one, 10))).containsExactly("a");
    assertThat(data(client.pull(other, 10))).containsExactly("a");
  }

  @Test
  void publishingNeedsTheTopic() {
    assertRefused(Status.Code.NOT_FOUND, () -> client.publish(client.name("topics"), "a"));
  }

  @Test
  void anEmptyMessageIsRefused() {
    String topic = client.createTopic();

    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        () -> client.publish(topic, List.of(PubsubMessage.getDefaultInstance())));
  }

  @Test
  @DocumentedGap("it has no limits on a batch, attributes and ordering keys")
  void tooMuchIsRefused() {
    String topic = client.createTopic();
    var manyAttributes = message("a");
    IntStream.range(0, 101).forEach(i -> manyAttributes.putAttributes("k" + i, "v"));

    for (List<PubsubMessage> batch :
        List.of(
            Collections.nCopies(1_001, message("a").build()),
            List.of(message("").setData(ByteString.copyFrom(new byte[10_000_001])).build()),
            List.of(manyAttributes.build()),
            List.of(message("a").putAttributes("k".repeat(257), "v").build()),
            List.of(message("a").putAttributes("k", "v".repeat(1_025)).build()),
            List.of(message("a").putAttributes("", "v").build()),
            List.of(message("a").putAttributes("googkey", "v").build()),
            List.of(message("a").setOrderingKey("k".repeat(1_025)).build()))) {
      assertRefused(Status.Code.INVALID_ARGUMENT, () -> client.publish(topic, batch));
    }
  }

  @Test
  void aThousandMessagesAndTraceAttributesAreNotTooMuch() {
    String topic = client.createTopic();
    var traced = message("a").putAttributes("googclient_traceparent", "00-1-2-01").build();

    assertThat(client.publish(topic, Collections.nCopies(1_000, traced))).hasSize(1_000);
  }

  // ---- pull, acks, leases

  @Test
  void whatIsAckedDoesNotComeAgain() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");

    client.acknowledge(subscription, client.pull(subscription, 1));

    client.publish(topic, "b");
    assertThat(data(client.pull(subscription, 10))).containsExactly("b");
  }

  @Test
  void whatIsLeasedIsNotDeliveredMeanwhile() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    client.pull(subscription, 1);

    assertThat(client.pullNow(subscription, 1)).isEmpty();
  }

  @Test
  void aNackRedelivers() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    ReceivedMessage first = client.pull(subscription, 1).get(0);

    client.nack(subscription, first);

    ReceivedMessage second = client.pull(subscription, 1).get(0);
    assertThat(second.getMessage()).isEqualTo(first.getMessage());
    assertThat(second.getAckId()).isNotEqualTo(first.getAckId());
  }

  @Test
  void anExpiredLeaseRedelivers() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    ReceivedMessage first = client.pull(subscription, 1).get(0);

    client.modifyAckDeadline(subscription, first, 1);

    assertThat(client.pull(subscription, 1).get(0).getMessage()).isEqualTo(first.getMessage());
  }

  @Test
  @DocumentedGap("it takes any ack deadline")
  void aDeadlineIsModifiedToAtMostTenMinutes() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    ReceivedMessage message = client.pull(subscription, 1).get(0);

    for (int seconds : List.of(-1, 601)) {
      assertRefused(
          Status.Code.INVALID_ARGUMENT,
          () -> client.modifyAckDeadline(subscription, message, seconds));
    }
  }

  @Test
  void aPullReturnsAtMostWhatItAskedFor() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a", "b", "c");

    assertThat(client.pull(subscription, 2)).hasSizeBetween(1, 2);
    assertRefused(Status.Code.INVALID_ARGUMENT, () -> client.pull(subscription, 0));
  }

  @Test
  void callsOnAMissingSubscriptionAreRefused() {
    String missing = client.name("subscriptions");
    ReceivedMessage message = ReceivedMessage.newBuilder().setAckId("a").build();

    assertRefused(Status.Code.NOT_FOUND, () -> client.pull(missing, 1));
    assertRefused(Status.Code.NOT_FOUND, () -> client.acknowledge(missing, List.of(message)));
    assertRefused(Status.Code.NOT_FOUND, () -> client.nack(missing, message));
    assertRefused(Status.Code.NOT_FOUND, () -> client.deleteSubscription(missing));
  }

  // ---- streams

  @Test
  void aStreamDeliversAndTakesAcksAndNacks() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);

    try (var stream = OpenStream.open(client, subscription)) {
      client.publish(topic, "a");
      await().until(() -> stream.messages().size() == 1);

      stream.nack(stream.messages().get(0));
      await().until(() -> stream.messages().size() == 2);

      stream.acknowledge(stream.messages().get(1));
      client.publish(topic, "b");
      await().until(() -> stream.messages().size() == 3);
      assertThat(stream.data()).containsExactly("a", "a", "b");
    }
  }

  @Test
  @DocumentedGap("it sends a first batch whatever its size")
  void aStreamHoldsAtMostItsOutstandingMessages() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, Collections.nCopies(20, message("a").build()));

    try (var stream =
        OpenStream.open(client, OpenStream.request(subscription).setMaxOutstandingMessages(2))) {
      for (int acked = 0; acked < 18; acked++) {
        int held = acked + 2;
        await().until(() -> stream.messages().size() >= held);
        assertThat(stream.messages()).hasSize(held);

        // An ack by a call of its own makes room as well: it is how Google's client acks.
        ReceivedMessage next = stream.messages().get(acked);
        if (acked % 2 == 0) {
          stream.acknowledge(next);
        } else {
          client.acknowledge(subscription, List.of(next));
        }
      }
      await().until(() -> stream.messages().size() == 20);
    }
  }

  @Test
  @DocumentedGap("it sends a first batch whatever its size")
  void aStreamHoldsAtMostItsOutstandingBytes() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    String large = "x".repeat(1_000);
    client.publish(topic, large, large, large);

    try (var stream =
        OpenStream.open(client, OpenStream.request(subscription).setMaxOutstandingBytes(1_500))) {
      await().until(() -> !stream.messages().isEmpty());
      assertThat(stream.messages()).hasSizeBetween(1, 2);
      client.acknowledge(subscription, stream.messages());

      await().until(() -> stream.messages().size() == 3);
    }
  }

  @Test
  @DocumentedGap("it does not answer keepalives")
  void anEmptyRequestIsAKeepaliveAndIsAnswered() {
    String subscription = client.createSubscription(client.createTopic());

    try (var stream = OpenStream.open(client, subscription)) {
      stream.send(StreamingPullRequest.newBuilder());

      await().until(() -> !stream.responses().isEmpty());
      assertThat(stream.messages()).isEmpty();
      assertThat(stream.ended()).isEmpty();
    }
  }

  @Test
  void aMessageComesAgainOnAStreamWhenItsLeaseExpires() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");

    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 1);
      stream.modifyAckDeadline(stream.messages().get(0), 1);

      await().until(() -> stream.messages().size() == 2);
    }
  }

  @Test
  void theStreamsOfASubscriptionShareItsMessages() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);

    try (var one = OpenStream.open(client, subscription);
        var other = OpenStream.open(client, subscription)) {
      var published = new ArrayList<String>();
      await()
          .until(
              () -> {
                published.add("m" + published.size());
                client.publish(topic, published.get(published.size() - 1));
                return !one.messages().isEmpty() && !other.messages().isEmpty();
              });

      await()
          .untilAsserted(
              () -> {
                var received = new ArrayList<>(one.data());
                received.addAll(other.data());
                assertThat(received).containsExactlyInAnyOrderElementsOf(published);
              });
    }
  }

  @Test
  void aStreamOnAMissingSubscriptionEndsWithNotFound() {
    try (var stream = OpenStream.open(client, client.name("subscriptions"))) {
      await().until(() -> stream.endCode().isPresent());

      assertThat(stream.endCode()).contains(Status.Code.NOT_FOUND);
    }
  }

  @Test
  void deletingASubscriptionEndsItsStreamsWithNotFound() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 1);

      client.deleteSubscription(subscription);

      await().until(() -> stream.endCode().isPresent());
      assertThat(stream.endCode()).contains(Status.Code.NOT_FOUND);
    }
  }

  @Test
  void aStreamsAckDeadlineIsTenToSixHundredSeconds() {
    String subscription = client.createSubscription(client.createTopic());

    for (int seconds : List.of(9, 601)) {
      try (var stream =
          OpenStream.open(
              client, OpenStream.request(subscription).setStreamAckDeadlineSeconds(seconds))) {
        await().until(() -> stream.endCode().isPresent());
        assertThat(stream.endCode()).contains(Status.Code.INVALID_ARGUMENT);
      }
    }
  }

  @Test
  @DocumentedGap("it was seen not to redeliver what a cancelled stream held, whatever the deadline")
  void aClosedStreamsMessagesGoToAnotherOnceTheirLeasesExpire() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    try (var gone =
        OpenStream.open(client, OpenStream.request(subscription).setStreamAckDeadlineSeconds(10))) {
      await().until(() -> gone.messages().size() == 1);
      client.modifyAckDeadline(subscription, gone.messages().get(0), 1);
    }

    try (var next = OpenStream.open(client, subscription)) {
      await().until(() -> next.data().equals(List.of("a")));
    }
  }

  // ---- ordering

  @Test
  void aStreamGetsAKeysMessagesInOrderWithoutAckingThem() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(ordered(topic));
    var published = new ArrayList<String>();

    try (var stream = OpenStream.open(client, subscription)) {
      for (int i = 0; i < 50; i++) {
        published.add("m" + i);
        client.publish(topic, List.of(keyed("key", "m" + i)));
      }

      await().until(() -> stream.messages().size() == 50);
      assertThat(stream.data()).isEqualTo(published);
    }
  }

  @Test
  @DocumentedGap("it redelivers the failed message alone")
  void aRedeliveryRepeatsTheLaterMessagesOfItsKeyInOrder() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(ordered(topic));
    client.publish(topic, List.of(keyed("k", "a"), keyed("k", "b"), keyed("k", "c")));

    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 3);

      stream.nack(stream.messages().get(1));

      await()
          .untilAsserted(() -> assertThat(stream.data()).containsExactly("a", "b", "c", "b", "c"));
    }
  }

  @Test
  void aPullGetsNoMoreOfAKeyWhileABatchOfItIsOutstanding() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(ordered(topic));
    client.publish(topic, List.of(keyed("k", "a"), keyed("k", "b"), keyed("other", "z")));

    List<ReceivedMessage> first = client.pull(subscription, 1);
    List<ReceivedMessage> second = client.pullNow(subscription, 10);
    client.acknowledge(subscription, first);

    String held = data(first).get(0);
    assertThat(List.of("a", "z")).contains(held);
    assertThat(data(second)).isEqualTo(held.equals("a") ? List.of("z") : List.of("a", "b"));
    if (held.equals("a")) {
      assertThat(data(client.pull(subscription, 10))).containsExactly("b");
    }
  }

  // ---- dead letters

  @Test
  void afterItsLastAttemptAMessageIsForwardedToTheDeadLetterTopic() {
    String topic = client.createTopic();
    String deadLetters = client.createTopic();
    String deadLettersSubscription = client.createSubscription(deadLetters);
    String subscription =
        client.createSubscription(
            Subscription.newBuilder()
                .setTopic(topic)
                .setDeadLetterPolicy(
                    DeadLetterPolicy.newBuilder()
                        .setDeadLetterTopic(deadLetters)
                        .setMaxDeliveryAttempts(5)));
    client.publish(topic, List.of(message("a").putAttributes("own", "kept").build()));

    for (int attempt = 1; attempt <= 5; attempt++) {
      ReceivedMessage received = client.pull(subscription, 1).get(0);
      assertThat(received.getDeliveryAttempt()).isEqualTo(attempt);
      client.nack(subscription, received);
    }

    var forwardedMessages = new ArrayList<ReceivedMessage>();
    await()
        .until(
            () -> {
              // The official emulator forwards when the message is asked for once more.
              assertThat(client.pullNow(subscription, 1)).isEmpty();
              return forwardedMessages.addAll(client.pullNow(deadLettersSubscription, 1));
            });
    PubsubMessage forwarded = forwardedMessages.get(0).getMessage();
    assertThat(forwarded.getData().toStringUtf8()).isEqualTo("a");
    assertThat(forwarded.getAttributesMap())
        .containsEntry("own", "kept")
        .containsEntry("CloudPubSubDeadLetterSourceDeliveryCount", "5")
        .containsEntry(
            "CloudPubSubDeadLetterSourceSubscription", ResourceNames.shortName(subscription))
        .containsEntry("CloudPubSubDeadLetterSourceSubscriptionProject", "test")
        .containsKey("CloudPubSubDeadLetterSourceTopicPublishTime");
  }

  @Test
  void aDeadLetterPolicyAllowsFiveToAHundredAttempts() {
    String topic = client.createTopic();

    for (int attempts : List.of(4, 101)) {
      // The official emulator says OUT_OF_RANGE.
      assertThatThrownBy(
              () ->
                  client.createSubscription(
                      Subscription.newBuilder()
                          .setTopic(topic)
                          .setDeadLetterPolicy(
                              DeadLetterPolicy.newBuilder()
                                  .setDeadLetterTopic(topic)
                                  .setMaxDeliveryAttempts(attempts))))
          .isInstanceOf(StatusRuntimeException.class);
    }
  }

  // ---- retry policy

  @Test
  @DocumentedGap(NO_BACKOFF)
  void aNackedMessageWaitsOutItsBackoffWhileOthersFlow() {
    String topic = client.createTopic();
    String subscription =
        client.createSubscription(
            Subscription.newBuilder().setTopic(topic).setRetryPolicy(backoff(4, 10)));
    client.publish(topic, "a");
    ReceivedMessage first = client.pull(subscription, 1).get(0);

    client.nack(subscription, first);
    assertThat(client.pullNow(subscription, 1)).isEmpty();
    client.publish(topic, "b");

    assertThat(data(client.pull(subscription, 1))).containsExactly("b");
    assertThat(data(client.pull(subscription, 1))).containsExactly("a");
  }

  @Test
  @DocumentedGap(NO_BACKOFF)
  void aRetryPolicyGivenLaterTakesEffect() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a");
    ReceivedMessage first = client.pull(subscription, 1).get(0);

    update(
        Subscription.newBuilder().setName(subscription).setRetryPolicy(backoff(4, 10)),
        "retry_policy");
    client.nack(subscription, first);

    assertThat(client.pullNow(subscription, 1)).isEmpty();
    assertThat(data(client.pull(subscription, 1))).containsExactly("a");
  }

  // ---- filters

  @Test
  @DocumentedGap(NO_FILTERS)
  void onlyWhatMatchesTheFilterIsDelivered() {
    String topic = client.createTopic();
    String subscription =
        client.createSubscription(
            Subscription.newBuilder().setTopic(topic).setFilter("attributes.view = \"users\""));

    client.publish(
        topic,
        List.of(
            message("no").putAttributes("view", "items").build(),
            message("yes").putAttributes("view", "users").build(),
            message("none").build()));

    assertThat(data(client.pull(subscription, 10))).containsExactly("yes");
    assertThat(client.pullNow(subscription, 10)).isEmpty();
  }

  @Test
  @DocumentedGap(NO_FILTERS)
  void aFilterThatCannotBeReadIsRefused() {
    String topic = client.createTopic();

    assertRefused(
        Status.Code.INVALID_ARGUMENT,
        () ->
            client.createSubscription(
                Subscription.newBuilder().setTopic(topic).setFilter("attributes.view = users")));
  }

  // ---- exactly once

  @Test
  @DocumentedGap(NO_EXACTLY_ONCE)
  void anExactlyOnceAckWithAStaleIdFailsAndNamesTheId() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(exactlyOnce(topic));
    client.publish(topic, "a");
    ReceivedMessage first = client.pull(subscription, 1).get(0);
    client.nack(subscription, first);
    ReceivedMessage second = client.pull(subscription, 1).get(0);

    assertThatThrownBy(() -> client.acknowledge(subscription, List.of(first, second)))
        .satisfies(
            thrown -> {
              var status = StatusProto.fromThrowable(thrown);
              assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT.value());
              assertThat(status.getDetails(0).unpack(ErrorInfo.class).getMetadataMap())
                  .isEqualTo(Map.of(first.getAckId(), "PERMANENT_FAILURE_INVALID_ACK_ID"));
            });
    client.publish(topic, "b");
    assertThat(data(client.pull(subscription, 10))).containsExactly("b");
  }

  @Test
  @DocumentedGap(NO_EXACTLY_ONCE)
  void anExactlyOnceStreamConfirmsAcksAndModifiedDeadlines() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(exactlyOnce(topic));
    client.publish(topic, "a");

    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 1);
      String ackId = stream.messages().get(0).getAckId();
      assertThat(
              stream.responses().get(0).getSubscriptionProperties().getExactlyOnceDeliveryEnabled())
          .isTrue();

      stream.modifyAckDeadline(stream.messages().get(0), 30);
      await().until(() -> stream.responses().size() == 2);
      assertThat(stream.responses().get(1).getModifyAckDeadlineConfirmation().getAckIdsList())
          .containsExactly(ackId);

      stream.acknowledge(stream.messages().get(0));
      await().until(() -> stream.responses().size() == 3);
      assertThat(stream.responses().get(2).getAcknowledgeConfirmation().getAckIdsList())
          .containsExactly(ackId);

      stream.acknowledge(stream.messages().get(0));
      await().until(() -> stream.responses().size() == 4);
      assertThat(stream.responses().get(3).getAcknowledgeConfirmation().getInvalidAckIdsList())
          .containsExactly(ackId);
    }
  }

  // ---- seek

  @Test
  void seekingToTheFutureAcksWhatThereIs() {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    client.publish(topic, "a", "b");

    seek(subscription, System.currentTimeMillis() + 60_000);

    assertThat(client.pullNow(subscription, 10)).isEmpty();
  }

  @Test
  void seekingBackRedeliversWhatWasAckedAndRetained() {
    String topic = client.createTopic();
    String subscription =
        client.createSubscription(
            Subscription.newBuilder()
                .setTopic(topic)
                .setRetainAckedMessages(true)
                .setMessageRetentionDuration(Durations.fromHours(1)));
    client.publish(topic, "a", "b");
    var received = new ArrayList<ReceivedMessage>();
    await()
        .until(
            () -> {
              received.addAll(client.pullNow(subscription, 10));
              return received.size() == 2;
            });
    client.acknowledge(subscription, received);

    seek(subscription, System.currentTimeMillis() - 60_000);

    var again = new HashSet<String>();
    await()
        .until(
            () -> {
              again.addAll(data(client.pullNow(subscription, 10)));
              return again.equals(Set.of("a", "b"));
            });
  }

  // ---- words of the scenarios

  private Topic getTopic(String topic) {
    return client.publisher.getTopic(GetTopicRequest.newBuilder().setTopic(topic).build());
  }

  private Subscription getSubscription(String subscription) {
    return client.subscriber.getSubscription(
        GetSubscriptionRequest.newBuilder().setSubscription(subscription).build());
  }

  private void seek(String subscription, long millis) {
    client.subscriber.seek(
        SeekRequest.newBuilder()
            .setSubscription(subscription)
            .setTime(Timestamps.fromMillis(millis))
            .build());
  }

  private static Subscription.Builder ordered(String topic) {
    return Subscription.newBuilder().setTopic(topic).setEnableMessageOrdering(true);
  }

  private static Subscription.Builder exactlyOnce(String topic) {
    return Subscription.newBuilder().setTopic(topic).setEnableExactlyOnceDelivery(true);
  }

  private static RetryPolicy backoff(int minSeconds, int maxSeconds) {
    return RetryPolicy.newBuilder()
        .setMinimumBackoff(Duration.newBuilder().setSeconds(minSeconds))
        .setMaximumBackoff(Duration.newBuilder().setSeconds(maxSeconds))
        .build();
  }

  private static void assertRefused(Status.Code code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refusal -> assertThat(refusal.getStatus().getCode()).isEqualTo(code));
  }
}
