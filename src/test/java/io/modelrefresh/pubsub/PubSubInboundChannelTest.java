package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.Subscription;
import io.grpc.Status;
import io.modelrefresh.Patience;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PubSubInboundChannelTest extends PubSubTestBase {

  @Test
  void nothing_is_pulled_before_the_first_request() {
    publish("early");

    var consumer = consume(channel(Map.of()));

    assertThat(onServer().openStreams()).isZero();
    consumer.request(1).awaitReceived(1);
    assertThat(consumer.texts()).containsExactly("early");
  }

  @Test
  void exactly_as_many_are_emitted_as_were_requested() {
    publish(50);
    var consumer = consume(channel(Map.of()));

    consumer.request(3).awaitReceived(3);
    await().until(() -> gauged("pubsub.outstanding.messages") == 50);
    assertThat(consumer.received).hasSize(3);

    consumer.request(4);
    consumer.awaitReceived(7);
    assertThat(consumer.received).hasSize(7);
  }

  @Test
  void without_demand_no_more_than_max_outstanding_messages_leave_the_server() {
    publish(100);
    var consumer = consume(channel(Map.of("max-outstanding-messages", "10")));

    consumer.request(1);
    await().until(() -> onServer().outstanding() == 10);
    consumer.message(0).ack();

    await().until(() -> onServer().ackedCount() == 1);
    await().until(() -> onServer().outstanding() == 10);
    await().until(() -> gauged("pubsub.outstanding.messages") == 10);
    consumer.request(Long.MAX_VALUE);
    for (var i = 1; i < 100; i++) {
      consumer.message(i).ack();
    }
    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  void without_demand_no_more_than_max_outstanding_bytes_and_one_response_are_held() {
    for (var i = 0; i < 30; i++) {
      publish(i + "x".repeat(100_000));
    }
    var consumer = consume(channel(Map.of("max-outstanding-bytes", "1M")));

    consumer.request(1).awaitReceived(1);
    await().until(() -> gauged("pubsub.outstanding.bytes") >= 1 << 20);
    assertThat(onServer().outstanding()).isBetween(10, 12);

    consumer.request(Long.MAX_VALUE);
    for (var i = 0; i < 30; i++) {
      consumer.message(i).ack();
    }
    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  void what_is_held_past_its_lease_keeps_no_other_from_being_received() {
    publish(2);
    var consumer =
        consume(channel(Map.of("max-outstanding-messages", "2", "max-ack-extension", "10m")));
    consumer.request(9).awaitReceived(2);
    await().until(() -> onServer().outstanding() == 2);

    clock.advance(Duration.ofMinutes(11));
    // Where the lease is over too, the server makes room by itself.
    server.faults().cutStreams(Status.UNAVAILABLE);
    publish("next");

    consumer.message("next").ack();
    assertThat(gauged("pubsub.outstanding.messages")).isEqualTo(2);
  }

  @Test
  void a_message_carries_what_pubsub_says_about_it() {
    var id = publish("hello", "fraud/stats", Map.of("ce-type", "updated"));
    var consumer = consume(channel(Map.of())).request(1);

    var metadata = PubSubMessage.metadataOf(consumer.message(0));

    assertThat(metadata.messageId()).isEqualTo(id);
    assertThat(metadata.attributes()).containsExactly(Map.entry("ce-type", "updated"));
    assertThat(metadata.orderingKey()).contains("fraud/stats");
    assertThat(metadata.deliveryAttempt()).isEmpty();
    assertThat(metadata.subscription()).isEqualTo(SUBSCRIPTION);
    assertThat(metadata.publishTime()).isNotNull();
  }

  @Test
  void an_ack_ends_a_message_and_a_nack_brings_it_back() {
    publish("once");
    var consumer = consume(channel(Map.of())).request(10);

    consumer.message(0).nack(new IllegalStateException("not yet"));
    consumer.message(1).ack();

    await().until(() -> onServer().backlog() == 0);
    assertThat(consumer.texts()).containsExactly("once", "once");
    assertThat(counted("pubsub.messages.received")).isEqualTo(2);
    assertThat(counted("pubsub.messages.nacked")).isEqualTo(1);
    assertThat(counted("pubsub.messages.acked")).isEqualTo(1);
  }

  @Test
  void only_the_first_settlement_counts_and_no_other_throws() {
    publish("once");
    var consumer = consume(channel(Map.of())).request(10);
    var message = consumer.message(0);

    message.ack();
    message.ack();
    message.nack(new IllegalStateException("too late"));

    await().until(() -> onServer().backlog() == 0);
    assertThat(counted("pubsub.messages.acked")).isEqualTo(1);
    assertThat(counted("pubsub.messages.nacked")).isZero();
    assertThat(counted("pubsub.messages.settled.again")).isEqualTo(2);
  }

  @Test
  void all_messages_are_emitted_on_the_one_event_loop_of_the_channel() {
    publish(20);
    var consumer = consume(channel(Map.of())).request(Long.MAX_VALUE);

    consumer.awaitReceived(20);

    assertThat(consumer.threads).allMatch(name -> name.contains("vert.x-eventloop"));
    assertThat(consumer.threads.stream().distinct()).hasSize(1);
  }

  @Test
  void a_message_queued_for_longer_than_its_lease_is_dropped_and_counted() {
    publish("stale");
    var consumer = consume(channel(Map.of("max-ack-extension", "10m")));
    consumer.request(1).awaitReceived(1);
    publish("queued");
    await().until(() -> gauged("pubsub.outstanding.messages") == 2);

    clock.advance(Duration.ofMinutes(11));
    publish("fresh");
    consumer.request(10);

    consumer.message("fresh");
    assertThat(consumer.texts()).doesNotContain("queued");
    assertThat(counted("pubsub.messages.expired")).isEqualTo(1);
  }

  @Test
  void a_settlement_past_the_lease_is_counted() {
    publish("slow");
    var consumer = consume(channel(Map.of("max-ack-extension", "10m"))).request(1);
    var message = consumer.message(0);

    clock.advance(Duration.ofMinutes(11));
    message.ack();

    assertThat(counted("pubsub.messages.settled.late")).isEqualTo(1);
  }

  @Test
  void the_oldest_outstanding_message_gives_its_age() {
    publish("held");
    consume(channel(Map.of())).request(1).awaitReceived(1);

    clock.advance(Duration.ofSeconds(42));

    assertThat(gauged("pubsub.oldest.outstanding.age.seconds")).isEqualTo(42);
    assertThat(gauged("pubsub.outstanding.bytes")).isPositive();
  }

  @Test
  void cancelling_gives_back_what_is_queued() {
    publish(20);
    var channel = channel(Map.of());
    var consumer = consume(channel).request(5).awaitReceived(5);
    await().until(() -> gauged("pubsub.outstanding.messages") == 20);

    consumer.subscription.cancel();

    await().until(() -> onServer().outstanding() == 5);
    await().until(() -> counted("pubsub.messages.nacked") == 15);
    assertThat(liveness(channel).isOk()).isFalse();
    assertThat(liveness(channel).getMessage()).contains("consumer of the channel has gone");
  }

  @Test
  void with_exactly_once_an_ack_completes_when_the_server_has_confirmed_it() {
    publish("exact");
    var exact = "projects/test/subscriptions/exact";
    server.createSubscription(
        Subscription.newBuilder()
            .setName(exact)
            .setTopic(TOPIC)
            .setEnableExactlyOnceDelivery(true)
            .build());
    publish("confirmed");
    var consumer =
        consume(channel(Map.of("subscription", exact, "exactly-once", "true"))).request(9);

    var ack = consumer.message(0).ack().toCompletableFuture();

    assertThat(ack).succeedsWithin(Patience.PATIENCE);
    assertThat(server.probe(exact).ackedCount()).isEqualTo(1);
  }

  @Test
  void with_exactly_once_an_ack_that_nobody_confirms_fails_in_time() {
    publish("plain");
    var consumer = consume(channel(Map.of("exactly-once", "true", "ack-timeout", "1s"))).request(1);
    server.faults().delay("Acknowledge", Duration.ofSeconds(30));

    var ack = consumer.message(0).ack().toCompletableFuture();

    assertThat(ack)
        .failsWithin(Patience.PATIENCE)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(AckNotConfirmedException.class)
        .withMessageContaining("no answer within");
  }

  @Test
  void with_exactly_once_an_ack_that_the_server_refuses_fails_with_its_reason() {
    var exact = "projects/test/subscriptions/exact";
    server.createSubscription(
        Subscription.newBuilder()
            .setName(exact)
            .setTopic(TOPIC)
            .setEnableExactlyOnceDelivery(true)
            .build());
    publish("late");
    publish("in time");
    var consumer =
        consume(channel(Map.of("subscription", exact, "exactly-once", "true"))).request(2);
    var late = (PubSubMessage<?>) consumer.message("late");
    var ackId = late.delivery().ackId();
    clients
        .stub()
        .modifyAckDeadlineCallable()
        .call(
            ModifyAckDeadlineRequest.newBuilder()
                .setSubscription(exact)
                .addAckIds(ackId)
                .setAckDeadlineSeconds(0)
                .build());

    var refused = late.ack().toCompletableFuture();
    var confirmed = consumer.message("in time").ack().toCompletableFuture();

    assertThat(refused)
        .failsWithin(Patience.PATIENCE)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(AckNotConfirmedException.class)
        .withMessageContaining("PERMANENT_FAILURE_INVALID_ACK_ID");
    assertThat(confirmed).succeedsWithin(Patience.PATIENCE);
  }
}
