package io.modelrefresh.benchmarks.scenarios;

import com.google.common.util.concurrent.Futures;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.PubsubMessage;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import java.util.List;

/** The product's own Pub/Sub emulator, and a publisher of feature updates beside it. */
final class Bus implements AutoCloseable {

  static final String PROJECT = "bench";
  private static final String TOPIC = "projects/bench/topics/feature-updates";
  private static final String SUBSCRIPTION = "projects/bench/subscriptions/feature-updates-sub";

  private final EmbeddedPubSub server = EmbeddedPubSub.start();
  private final ManagedChannel channel;
  private final PublisherGrpc.PublisherFutureStub publisher;

  Bus() {
    server.createTopic(TOPIC);
    server.createTopic(TOPIC + "-dead-letter");
    server.createSubscription(SUBSCRIPTION, TOPIC);
    channel =
        NettyChannelBuilder.forTarget(server.address()).usePlaintext().directExecutor().build();
    publisher = PublisherGrpc.newFutureStub(channel);
  }

  String address() {
    return server.address();
  }

  SubscriptionProbe subscription() {
    return server.probe(SUBSCRIPTION);
  }

  /** An update of some 190 bytes which says in its row count the how many-th of its view it is. */
  static PubsubMessage update(String view, long number) {
    return PubsubMessage.newBuilder()
        .setData(
            ByteString.copyFromUtf8(
                "{\"feature_view\":\""
                    + view
                    + "\",\"features\":[\"conv_rate\",\"acc_rate\",\"avg_daily_trips\"],"
                    + "\"entity_keys\":[{\"driver_id\":1001}],\"change\":\"values\","
                    + "\"event_timestamp\":\"2026-11-22T19:00:00.000Z\",\"row_count\":"
                    + number
                    + "}"))
        .putAttributes("content-type", "application/json")
        .build();
  }

  /** Sends, and does not wait for the answer. What is sent earlier is published earlier. */
  void publish(List<PubsubMessage> messages) {
    publisher.publish(PublishRequest.newBuilder().setTopic(TOPIC).addAllMessages(messages).build());
  }

  /** Sends, and waits until it is published. */
  void publishNow(List<PubsubMessage> messages) {
    Futures.getUnchecked(
        publisher.publish(
            PublishRequest.newBuilder().setTopic(TOPIC).addAllMessages(messages).build()));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }
}
