package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class DrainTest extends PubSubTestBase {

  private static final Duration FLUSH = Duration.ofSeconds(5);

  @Test
  void what_is_in_flight_may_finish_and_what_is_queued_goes_back() {
    publish(10);
    var channel = channel(Map.of());
    var consumer = consume(channel).request(3).awaitReceived(3);
    await().until(() -> gauged("pubsub.outstanding.messages") == 10);

    var drain = CompletableFuture.runAsync(() -> new Drain(List.of(channel)).run(FLUSH));
    await().until(() -> onServer().outstanding() == 3);
    assertThat(readiness(channel).isOk()).isFalse();
    assertThat(readiness(channel).getMessage()).isEqualTo("draining");
    assertThat(liveness(channel).isOk()).isTrue();
    assertThat(consumer.completed).isTrue();
    consumer.received.forEach(message -> message.ack());

    assertThat(drain).succeedsWithin(Duration.ofSeconds(9));
    assertThat(onServer().ackedCount()).isEqualTo(3);
    assertThat(onServer().backlog()).isEqualTo(7);
    assertThat(onServer().openStreams()).isZero();
    assertThat(counted("pubsub.messages.left.over")).isZero();
  }

  @Test
  void what_is_not_settled_in_time_is_nacked_and_counted() {
    publish(5);
    var channel = channel(Map.of("drain-timeout", "100ms"));
    var consumer = consume(channel).request(9).awaitReceived(5);
    consumer.message(0).ack();

    new Drain(List.of(channel)).run(FLUSH);

    assertThat(counted("pubsub.messages.left.over")).isEqualTo(4);
    assertThat(onServer().backlog()).isEqualTo(4);
    assertThat(onServer().outstanding()).isZero();
  }

  @Test
  void who_holds_messages_is_told_before_the_wait_and_may_nack_them() {
    publish("held");
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9).awaitReceived(1);

    channel.drain().thenRun(() -> events.add("drained"));
    assertThat(events)
        .containsExactly(new ChannelDraining("updates", SUBSCRIPTION, Duration.ofSeconds(10)));
    consumer.message(0).nack(new IllegalStateException("stopping"));

    await().until(() -> events.contains("drained"));
  }

  @Test
  void a_channel_that_never_started_drains_at_once() {
    var channel = channel(Map.of());
    consume(channel);

    new Drain(List.of(channel)).run(FLUSH);

    assertThat(readiness(channel).isOk()).isFalse();
  }
}
