package io.modelrefresh.emulator;

import static io.modelrefresh.emulator.PubSubClient.keyed;
import static io.modelrefresh.emulator.PubSubClient.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutures;
import com.google.api.core.ApiService;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.grpc.GrpcTransportChannel;
import com.google.api.gax.rpc.FixedTransportChannelProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.pubsub.v1.AckResponse;
import com.google.cloud.pubsub.v1.MessageReceiver;
import com.google.cloud.pubsub.v1.MessageReceiverWithAckResponse;
import com.google.cloud.pubsub.v1.Publisher;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.pubsub.v1.Subscription;
import io.modelrefresh.Patience;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * The suite of {@link ConformanceScenarios}, widened by what Google's own client makes of a server.
 */
abstract class GoogleClientScenarios extends ConformanceScenarios {

  @Test
  void googlesClientsPublishAndReceiveEachMessageOnce() throws Exception {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    List<String> received = new CopyOnWriteArrayList<>();
    Subscriber subscriber =
        start(
            subscription,
            (message, reply) -> {
              received.add(message.getMessageId());
              reply.ack();
            });

    List<String> published = publish(topic, 500);

    await().until(() -> received.size() >= 500);
    stop(subscriber);
    assertThat(received).containsExactlyInAnyOrderElementsOf(published);
    assertThat(client.pullNow(subscription, 1)).isEmpty();
  }

  @Test
  void googlesSubscriberGetsANackedMessageAgain() throws Exception {
    String topic = client.createTopic();
    String subscription = client.createSubscription(topic);
    var deliveries = new AtomicInteger();
    Subscriber subscriber =
        start(
            subscription,
            (message, reply) -> {
              if (deliveries.incrementAndGet() < 3) {
                reply.nack();
              } else {
                reply.ack();
              }
            });

    client.publish(topic, "a");

    await().until(() -> deliveries.get() == 3);
    stop(subscriber);
  }

  @Test
  void googlesSubscriberGetsAKeysMessagesInOrder() throws Exception {
    String topic = client.createTopic();
    String subscription =
        client.createSubscription(
            Subscription.newBuilder().setTopic(topic).setEnableMessageOrdering(true));
    List<String> received = new CopyOnWriteArrayList<>();
    Subscriber subscriber =
        start(
            subscription,
            (message, reply) -> {
              received.add(message.getData().toStringUtf8());
              reply.ack();
            });

    var published = new ArrayList<String>();
    for (int i = 0; i < 50; i++) {
      published.add("m" + i);
      client.publish(topic, List.of(keyed("key", "m" + i)));
    }

    await().until(() -> received.size() >= 50);
    stop(subscriber);
    assertThat(received).isEqualTo(published);
  }

  @Test
  @DocumentedGap("it does not enforce exactly-once delivery")
  void googlesSubscriberIsToldThatItsExactlyOnceAckSucceeded() throws Exception {
    String topic = client.createTopic();
    String subscription =
        client.createSubscription(
            Subscription.newBuilder().setTopic(topic).setEnableExactlyOnceDelivery(true));
    List<AckResponse> responses = new CopyOnWriteArrayList<>();
    MessageReceiverWithAckResponse receiver =
        (message, reply) -> {
          var confirmed = reply.ack();
          confirmed.addListener(
              () -> responses.add(await().until(confirmed::get, each -> each != null)),
              Runnable::run);
        };
    Subscriber subscriber =
        Subscriber.newBuilder(subscription, receiver)
            .setChannelProvider(channel())
            .setCredentialsProvider(NoCredentialsProvider.create())
            .build();
    subscriber.startAsync().awaitRunning(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS);

    client.publish(topic, "a");

    await().until(() -> responses.equals(List.of(AckResponse.SUCCESSFUL)));
    stop(subscriber);
  }

  private List<String> publish(String topic, int count) throws Exception {
    Publisher publisher =
        Publisher.newBuilder(topic)
            .setChannelProvider(channel())
            .setCredentialsProvider(NoCredentialsProvider.create())
            .build();
    try {
      var ids = new ArrayList<ApiFuture<String>>();
      for (int i = 0; i < count; i++) {
        ids.add(publisher.publish(message("m" + i).build()));
      }
      return ApiFutures.allAsList(ids).get(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } finally {
      publisher.shutdown();
    }
  }

  private Subscriber start(String subscription, MessageReceiver receiver) throws Exception {
    Subscriber subscriber =
        Subscriber.newBuilder(subscription, receiver)
            .setChannelProvider(channel())
            .setCredentialsProvider(NoCredentialsProvider.create())
            .build();
    subscriber.startAsync().awaitRunning(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    return subscriber;
  }

  private static void stop(ApiService subscriber) throws Exception {
    subscriber.stopAsync().awaitTerminated(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private TransportChannelProvider channel() {
    return FixedTransportChannelProvider.create(GrpcTransportChannel.create(client.channel));
  }
}
