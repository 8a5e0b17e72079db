package io.modelrefresh.agent;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.DeleteSubscriptionRequest;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/** A topic of an emulator and the agent's subscription to it, used as a feature store would. */
public final class Topic implements AutoCloseable {

  private static final int BATCH = 1_000;

  private final ManagedChannel channel;
  private final PublisherGrpc.PublisherBlockingStub publisher;
  private final SubscriberGrpc.SubscriberBlockingStub subscriber;
  private final String topic;
  private final String subscription;

  public Topic(String address, String project) {
    channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
    publisher = PublisherGrpc.newBlockingStub(channel).withWaitForReady();
    subscriber = SubscriberGrpc.newBlockingStub(channel).withWaitForReady();
    topic = "projects/" + project + "/topics/feature-updates";
    subscription = "projects/" + project + "/subscriptions/feature-updates-sub";
  }

  public String name() {
    return topic;
  }

  public String subscription() {
    return subscription;
  }

  /** Publishes an update of a feature view, and answers its message id. */
  public String update(String featureView) {
    return publish(updateOf(featureView));
  }

  public String publish(String data) {
    return publish(message(data));
  }

  String publish(PubsubMessage message) {
    try {
      return publishNow(message);
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw e;
      }
      return publishOnceThereIsATopic(message);
    }
  }

  /** The agent under test may not have created it yet. */
  private String publishOnceThereIsATopic(PubsubMessage message) {
    return Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(
            failure -> Status.fromThrowable(failure).getCode() == Status.Code.NOT_FOUND)
        .until(() -> publishNow(message), id -> !id.isEmpty());
  }

  private String publishNow(PubsubMessage message) {
    return publisher
        .publish(PublishRequest.newBuilder().setTopic(topic).addMessages(message).build())
        .getMessageIds(0);
  }

  /** Publishes these in one request, and answers their message ids. */
  public List<String> publish(List<PubsubMessage> messages) {
    return publisher
        .publish(PublishRequest.newBuilder().setTopic(topic).addAllMessages(messages).build())
        .getMessageIdsList();
  }

  /** A message that announces an update of a feature view. */
  static PubsubMessage updateOf(String featureView) {
    return message("{\"feature_view\": \"" + featureView + "\"}");
  }

  /** Publishes many updates of one view. */
  List<String> updates(String featureView, int count) {
    PubsubMessage message = updateOf(featureView);
    List<String> ids = new ArrayList<>(count);
    while (ids.size() < count) {
      PublishRequest.Builder batch = PublishRequest.newBuilder().setTopic(topic);
      for (int i = 0; i < Math.min(BATCH, count - ids.size()); i++) {
        batch.addMessages(message);
      }
      ids.addAll(publisher.publish(batch.build()).getMessageIdsList());
    }
    return ids;
  }

  static PubsubMessage message(String data) {
    return PubsubMessage.newBuilder().setData(ByteString.copyFromUtf8(data)).build();
  }

  List<ReceivedMessage> pull(String from) {
    return subscriber
        .pull(PullRequest.newBuilder().setSubscription(from).setMaxMessages(BATCH).build())
        .getReceivedMessagesList();
  }

  void ack(String from, ReceivedMessage message) {
    subscriber.acknowledge(
        AcknowledgeRequest.newBuilder()
            .setSubscription(from)
            .addAckIds(message.getAckId())
            .build());
  }

  /** Gives a pulled message back, to be delivered to whoever asks next. */
  void release(ReceivedMessage message) {
    subscriber.modifyAckDeadline(
        ModifyAckDeadlineRequest.newBuilder()
            .setSubscription(subscription)
            .addAckIds(message.getAckId())
            .setAckDeadlineSeconds(0)
            .build());
  }

  public void deleteSubscription() {
    subscriber.deleteSubscription(
        DeleteSubscriptionRequest.newBuilder().setSubscription(subscription).build());
  }

  void createSubscription() {
    subscriber.createSubscription(
        Subscription.newBuilder().setName(subscription).setTopic(topic).build());
  }

  /** With the dead-letter and retry policies that the agent is to be provisioned with. */
  void createSubscriptionAsProvisioned(String deadLetterTopic) {
    subscriber.createSubscription(
        Subscription.newBuilder()
            .setName(subscription)
            .setTopic(topic)
            .setAckDeadlineSeconds(60)
            .setDeadLetterPolicy(
                DeadLetterPolicy.newBuilder()
                    .setDeadLetterTopic(deadLetterTopic)
                    .setMaxDeliveryAttempts(100))
            .setRetryPolicy(
                RetryPolicy.newBuilder()
                    .setMinimumBackoff(Durations.fromSeconds(10))
                    .setMaximumBackoff(Durations.fromSeconds(600)))
            .build());
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
