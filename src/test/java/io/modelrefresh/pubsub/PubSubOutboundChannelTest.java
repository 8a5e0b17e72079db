package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.Subscription;
import io.modelrefresh.Patience;
import io.smallrye.reactive.messaging.OutgoingMessageMetadata;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.junit.jupiter.api.Test;

class PubSubOutboundChannelTest extends PubSubTestBase {

  private final SubmissionPublisher<Message<?>> upstream =
      new SubmissionPublisher<>(Runnable::run, Flow.defaultBufferSize());
  private final List<Throwable> nacked = new CopyOnWriteArrayList<>();

  record Driver(int id, String name) {}

  @Test
  void bytes_text_json_and_objects_become_the_data_of_a_message() {
    var consumer = consume(channel(Map.of())).request(99);
    connect(outbound(Map.of()));

    send("bytes".getBytes());
    send("text");
    send(new JsonObject().put("a", 1));
    send(new JsonArray().add(1));
    send(new Driver(7, "Ada"));

    consumer.awaitReceived(5);
    assertThat(consumer.texts())
        .containsExactlyInAnyOrder(
            "bytes", "text", "{\"a\":1}", "[1]", "{\"id\":7,\"name\":\"Ada\"}");
  }

  @Test
  void attributes_and_ordering_key_come_from_metadata_and_the_id_is_told_to_the_sender() {
    var consumer = consume(channel(Map.of())).request(9);
    connect(outbound(Map.of()));
    var result = new OutgoingMessageMetadata<String>();
    var metadata = PubSubOutgoingMetadata.of(Map.of("ce-type", "updated")).withOrderingKey("k");

    var acked = send("hello", Metadata.of(metadata, result));

    assertThat(acked).succeedsWithin(Patience.PATIENCE);
    var received = PubSubMessage.metadataOf(consumer.message(0));
    assertThat(received.messageId()).isEqualTo(result.getResult());
    assertThat(received.attributes()).containsExactly(Map.entry("ce-type", "updated"));
    assertThat(received.orderingKey()).contains("k");
  }

  @Test
  void messages_of_one_key_arrive_in_the_order_they_were_sent() {
    var ordered = "projects/test/subscriptions/ordered";
    server.createSubscription(
        Subscription.newBuilder()
            .setName(ordered)
            .setTopic(TOPIC)
            .setEnableMessageOrdering(true)
            .build());
    var consumer = consume(channel(Map.of("subscription", ordered))).request(999);
    connect(outbound(Map.of("batch-size", "7")));
    var ofKey = Metadata.of(PubSubOutgoingMetadata.of(Map.of()).withOrderingKey("k"));

    IntStream.range(0, 200).forEach(i -> send("m" + i, ofKey));

    consumer.awaitReceived(200);
    assertThat(consumer.texts())
        .containsExactlyElementsOf(IntStream.range(0, 200).mapToObj(i -> "m" + i).toList());
  }

  @Test
  void a_message_that_cannot_be_published_is_nacked_and_the_channel_goes_on() {
    connect(outbound(Map.of()));
    server.faults().deny("Publish");
    var ofKey = Metadata.of(PubSubOutgoingMetadata.of(Map.of()).withOrderingKey("k"));

    send("refused", ofKey);
    await().until(() -> !nacked.isEmpty());
    server.faults().allow("Publish");
    var acked = send("accepted", ofKey);

    assertThat(acked).succeedsWithin(Patience.PATIENCE);
    assertThat(nacked).hasSize(1);
    assertThat(nacked.get(0)).hasMessageContaining("PERMISSION_DENIED");
  }

  @Test
  void a_payload_that_is_no_json_is_nacked() {
    connect(outbound(Map.of()));

    send(new Object());

    await().until(() -> !nacked.isEmpty());
    assertThat(nacked.get(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void no_more_are_taken_than_may_be_in_flight() {
    server.faults().delay("Publish", Duration.ofMinutes(1));
    var requested = new AtomicLong();
    Flow.Subscriber<? extends Message<?>> sink =
        outbound(Map.of("max-in-flight-messages", "3")).subscriber();
    @SuppressWarnings("unchecked")
    var subscriber = (Flow.Subscriber<Message<?>>) sink;

    subscriber.onSubscribe(
        new Flow.Subscription() {
          @Override
          public void request(long n) {
            requested.addAndGet(n);
          }

          @Override
          public void cancel() {}
        });
    IntStream.range(0, 3).forEach(i -> subscriber.onNext(Message.of("m" + i)));

    assertThat(requested).hasValue(3);
    server.faults().delay("Publish", Duration.ZERO);
  }

  @Test
  void closing_sends_what_is_batched() {
    var outbound = outbound(Map.of("batch-delay", "60s", "batch-size", "2"));
    connect(outbound);
    send("first");
    send("fills the batch").join();

    send("batched");
    await().until(() -> upstream.estimateMaximumLag() == 0);
    outbound.close(Duration.ofSeconds(5));

    assertThat(onServer().backlog()).isEqualTo(3);
  }

  @SuppressWarnings("unchecked")
  private void connect(PubSubOutboundChannel outbound) {
    upstream.subscribe((Flow.Subscriber<Message<?>>) outbound.subscriber());
  }

  private CompletableFuture<Void> send(Object payload) {
    return send(payload, Metadata.empty());
  }

  private CompletableFuture<Void> send(Object payload, Metadata metadata) {
    var acked = new CompletableFuture<Void>();
    upstream.submit(
        Message.of(
            payload,
            metadata,
            () -> {
              acked.complete(null);
              return done();
            },
            failure -> {
              nacked.add(failure);
              acked.completeExceptionally(failure);
              return done();
            }));
    return acked;
  }

  private static CompletionStage<Void> done() {
    return CompletableFuture.completedStage(null);
  }
}
