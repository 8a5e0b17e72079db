package io.modelrefresh.emulator;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.DeleteSubscriptionRequest;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * The generated stubs on one plaintext connection, with the few calls that every scenario makes.
 */
final class PubSubClient implements AutoCloseable {

  final String project = "projects/test";
  final ManagedChannel channel;
  final PublisherGrpc.PublisherBlockingStub publisher;
  final SubscriberGrpc.SubscriberBlockingStub subscriber;
  final SubscriberGrpc.SubscriberStub streams;

  PubSubClient(String address) {
    channel =
        NettyChannelBuilder.forTarget("dns:///" + address)
            .usePlaintext()
            .maxInboundMessageSize(20 << 20)
            .build();
    publisher = PublisherGrpc.newBlockingStub(channel);
    subscriber = SubscriberGrpc.newBlockingStub(channel);
    streams = SubscriberGrpc.newStub(channel);
  }

  /** A name nobody used before. */
  String name(String collection) {
    return project + "/" + collection + "/t" + UUID.randomUUID();
  }

  String createTopic() {
    return publisher.createTopic(Topic.newBuilder().setName(name("topics")).build()).getName();
  }

  String createSubscription(String topic) {
    return createSubscription(Subscription.newBuilder().setTopic(topic));
  }

  String createSubscription(Subscription.Builder settings) {
    return subscriber.createSubscription(settings.setName(name("subscriptions")).build()).getName();
  }

  String publish(String topic, String... data) {
    return publish(topic, Arrays.stream(data).map(text -> message(text).build()).toList()).get(0);
  }

  List<String> publish(String topic, List<PubsubMessage> messages) {
    return publisher
        .publish(PublishRequest.newBuilder().setTopic(topic).addAllMessages(messages).build())
        .getMessageIdsList();
  }

  static PubsubMessage.Builder message(String data) {
    return PubsubMessage.newBuilder().setData(ByteString.copyFromUtf8(data));
  }

  static PubsubMessage keyed(String key, String data) {
    return message(data).setOrderingKey(key).build();
  }

  @SuppressWarnings("deprecation") // return_immediately is what makes "nothing there" a fast answer
  List<ReceivedMessage> pullNow(String subscription, int max) {
    return subscriber
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .pull(
            PullRequest.newBuilder()
                .setSubscription(subscription)
                .setMaxMessages(max)
                .setReturnImmediately(true)
                .build())
        .getReceivedMessagesList();
  }

  /** Waits for messages. */
  List<ReceivedMessage> pull(String subscription, int max) {
    return subscriber
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .pull(PullRequest.newBuilder().setSubscription(subscription).setMaxMessages(max).build())
        .getReceivedMessagesList();
  }

  void acknowledge(String subscription, List<ReceivedMessage> messages) {
    var ids = new ArrayList<String>();
    messages.forEach(message -> ids.add(message.getAckId()));
    subscriber.acknowledge(
        AcknowledgeRequest.newBuilder().setSubscription(subscription).addAllAckIds(ids).build());
  }

  void nack(String subscription, ReceivedMessage message) {
    modifyAckDeadline(subscription, message, 0);
  }

  void modifyAckDeadline(String subscription, ReceivedMessage message, int seconds) {
    subscriber.modifyAckDeadline(
        ModifyAckDeadlineRequest.newBuilder()
            .setSubscription(subscription)
            .addAckIds(message.getAckId())
            .setAckDeadlineSeconds(seconds)
            .build());
  }

  void deleteSubscription(String subscription) {
    subscriber.deleteSubscription(
        DeleteSubscriptionRequest.newBuilder().setSubscription(subscription).build());
  }

  static List<String> data(List<ReceivedMessage> messages) {
    return messages.stream().map(m -> m.getMessage().getData().toStringUtf8()).toList();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
