package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.DeleteSubscriptionRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class StreamRecoveryTest extends PubSubTestBase {

  @Test
  void a_channel_is_ready_once_its_stream_is_open() {
    var channel = channel(Map.of());
    var consumer = consume(channel);
    assertThat(readiness(channel).isOk()).isTrue();
    assertThat(readiness(channel).getMessage()).contains("nothing was requested");

    consumer.request(1);

    awaitOpen(channel);
    assertThat(gauged("pubsub.subscriber.up")).isEqualTo(1);
    assertThat(events).isEmpty();
  }

  @Test
  void a_missing_subscription_is_named_with_its_remedy_and_awaited() {
    var channel = channel(Map.of("subscription", "late-sub"));
    var consumer = consume(channel).request(9);

    await().until(() -> readiness(channel).getMessage().contains("does not exist"));
    assertThat(readiness(channel).isOk()).isFalse();
    assertThat(readiness(channel).getMessage())
        .contains("gcloud pubsub subscriptions create late-sub --topic=updates --project=test");
    assertThat(liveness(channel).isOk()).isTrue();
    assertThat(gauged("pubsub.subscriber.up")).isZero();

    server.createSubscription("projects/test/subscriptions/late-sub", TOPIC);
    awaitOpen(channel);
    publish("hello");
    consumer.message("hello").ack();
    assertThat(consumer.failure).isNull();
  }

  @Test
  void consumption_resumes_when_a_deleted_subscription_is_created_again() {
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9);
    awaitOpen(channel);

    deleteSubscription();
    await().until(() -> !readiness(channel).isOk());
    await().until(() -> readiness(channel).getMessage().contains("subscriptions create"));
    await().until(() -> counted("pubsub.stream.restarts") > 0);
    server.createSubscription(SUBSCRIPTION, TOPIC);

    awaitOpen(channel);
    publish("after");
    consumer.message("after").ack();
    await().until(() -> onServer().backlog() == 0);
    await()
        .until(
            () -> events.contains(new SubscriptionReopened("updates", SUBSCRIPTION, "NOT_FOUND")));
  }

  @Test
  void a_stream_that_ends_for_good_is_replaced_though_its_messages_are_still_held() {
    publish("held");
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9);
    consumer.message("held");

    server.faults().cutStreams(Status.NOT_FOUND);

    await().until(() -> onServer().openStreams() == 1 && readiness(channel).isOk());
    publish("next");
    consumer.message("next");
  }

  @Test
  void a_permission_that_was_denied_is_named_and_works_once_granted() {
    server.faults().deny(SUBSCRIPTION);
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9);

    await().until(() -> readiness(channel).getMessage().contains("roles/pubsub.subscriber"));
    assertThat(readiness(channel).isOk()).isFalse();
    publish("waiting");
    server.faults().allow(SUBSCRIPTION);

    consumer.message("waiting");
    awaitOpen(channel);
  }

  @Test
  void a_permission_lost_in_mid_stream_is_noticed() {
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9);
    awaitOpen(channel);

    server.faults().deny(SUBSCRIPTION);
    await().until(() -> readiness(channel).getMessage().contains("add-iam-policy-binding"));
    server.faults().allow(SUBSCRIPTION);

    awaitOpen(channel);
    publish("again");
    consumer.message("again");
  }

  @Test
  void the_right_to_look_without_the_right_to_consume_is_never_ready() {
    server.faults().deny("StreamingPull");
    var channel = channel(Map.of());
    var wasReady = new AtomicBoolean();

    consume(channel).request(9);

    await()
        .until(
            () -> {
              if (readiness(channel).getMessage().equals("open")) {
                wasReady.set(true);
              }
              return counted("pubsub.stream.restarts") >= 5;
            });
    assertThat(wasReady).isFalse();
    assertThat(readiness(channel).getMessage()).contains("roles/pubsub.subscriber");
    assertThat(events).isEmpty();
  }

  @Test
  void the_right_to_consume_is_enough_without_the_right_to_look() {
    server.faults().deny("GetSubscription");
    publish("hello");
    var channel = channel(Map.of());
    var consumer = consume(channel).request(9);

    consumer.message("hello");

    awaitOpen(channel);
  }

  @Test
  void a_stream_cut_in_passing_is_reopened_and_no_message_is_lost() {
    var channel = channel(Map.of());
    var consumer = consume(channel).request(99);
    awaitOpen(channel);

    server.faults().cutStreams(Status.UNAVAILABLE);
    publish("through");

    consumer.message("through").ack();
    await().until(() -> onServer().backlog() == 0);
    assertThat(events).isEmpty();
  }

  @Test
  void a_server_that_went_away_makes_the_channel_unready_but_not_dead() {
    var channel = channel(Map.of());
    var consumer = consume(channel).request(99);
    awaitOpen(channel);
    server.faults().delay("StreamingPull", Duration.ofMinutes(1));

    server.faults().cutStreams(Status.UNAVAILABLE);

    await().until(() -> onServer().openStreams() == 0);
    assertThat(liveness(channel).isOk()).isTrue();
    server.faults().clear();
    server.restart(true);
    publish("back");
    consumer.message("back");
    awaitOpen(channel);
  }

  @Test
  void a_server_that_stops_answering_keepalives_is_left_for_another_stream() {
    var channel = channel(Map.of("keep-alive-interval", "1s"));
    var consumer = consume(channel).request(99);
    awaitOpen(channel);

    server.faults().halfOpen(true);
    await().until(() -> counted("pubsub.stream.restarts") >= 1);
    server.faults().halfOpen(false);

    publish("still here");
    consumer.message("still here");
    awaitOpen(channel);
  }

  @Test
  void an_idle_stream_that_is_kept_alive_stays() {
    var channel = channel(Map.of("keep-alive-interval", "1s"));
    consume(channel).request(99);
    awaitOpen(channel);

    await().during(Duration.ofMillis(3_500)).until(() -> readiness(channel).isOk());

    assertThat(counted("pubsub.stream.restarts")).isZero();
  }

  private static void awaitOpen(PubSubInboundChannel channel) {
    await()
        .until(() -> readiness(channel).getMessage().equals("open") && readiness(channel).isOk());
  }

  private void deleteSubscription() {
    clients
        .stub()
        .deleteSubscriptionCallable()
        .call(DeleteSubscriptionRequest.newBuilder().setSubscription(SUBSCRIPTION).build());
  }
}
