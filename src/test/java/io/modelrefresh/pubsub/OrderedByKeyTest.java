package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.Subscription;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OrderedByKeyTest extends PubSubTestBase {

  private static final String ORDERED = "projects/test/subscriptions/ordered";

  @Test
  void after_a_nack_the_messages_of_its_key_come_again_in_order() {
    var consumer = ordered("key");
    publish("a1", "a", Map.of());
    publish("a2", "a", Map.of());
    publish("a3", "a", Map.of());
    publish("b1", "b", Map.of());
    consumer.request(1);
    await().until(() -> gauged("pubsub.outstanding.messages") == 4);

    consumer.message(0).nack(new IllegalStateException("not yet"));
    // What is delivered again before they are given back is given back with them.
    await().until(() -> counted("pubsub.messages.nacked") >= 3);
    consumer.request(9);

    consumer.awaitReceived(5);
    assertThat(consumer.texts().stream().filter(text -> text.startsWith("a")))
        .containsExactly("a1", "a1", "a2", "a3");
    assertThat(consumer.texts()).contains("b1");
  }

  @Test
  void without_order_a_nack_concerns_its_own_message_only() {
    var consumer = ordered("none");
    publish("a1", "a", Map.of());
    publish("a2", "a", Map.of());
    consumer.request(1);
    await().until(() -> gauged("pubsub.outstanding.messages") == 2);

    consumer.message(0).nack(new IllegalStateException("not yet"));

    assertThat(counted("pubsub.messages.nacked")).isEqualTo(1);
  }

  private Consumer ordered(String ordered) {
    server.createSubscription(
        Subscription.newBuilder()
            .setName(ORDERED)
            .setTopic(TOPIC)
            .setEnableMessageOrdering(true)
            .build());
    return consume(channel(Map.of("subscription", ORDERED, "ordered", ordered)));
  }
}
