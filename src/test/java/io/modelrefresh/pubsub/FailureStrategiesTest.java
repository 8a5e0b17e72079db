package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.DeleteTopicRequest;
import com.google.pubsub.v1.PublisherGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.Patience;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.junit.jupiter.api.Test;

class FailureStrategiesTest extends PubSubTestBase {

  private static final Metadata TO_DEAD_LETTER = Metadata.of(PubSubNackMetadata.deadLetter());

  @Test
  void nack_has_the_message_delivered_again() {
    publish("again");
    var consumer = consume(channel(Map.of("failure-strategy", "nack"))).request(9);

    consumer.message(0).nack(new IllegalStateException("not yet"));

    consumer.awaitReceived(2);
    assertThat(consumer.texts()).containsExactly("again", "again");
  }

  @Test
  void ignore_gives_the_message_up() {
    publish("unwanted");
    var consumer = consume(channel(Map.of("failure-strategy", "ignore"))).request(9);

    consumer.message(0).nack(new IllegalStateException("no use"));

    await().until(() -> onServer().backlog() == 0);
    assertThat(counted("pubsub.messages.acked")).isEqualTo(1);
  }

  @Test
  void abandon_tells_the_server_nothing_and_keeps_nothing() {
    publish("held");
    var consumer = consume(channel(Map.of())).request(9);

    consumer
        .message(0)
        .nack(new IllegalStateException("later"), Metadata.of(PubSubNackMetadata.abandon()));

    assertThat(gauged("pubsub.outstanding.messages")).isZero();
    assertThat(onServer().outstanding()).as("its lease goes on").isEqualTo(1);
    assertThat(counted("pubsub.messages.abandoned")).isEqualTo(1);
    assertThat(counted("pubsub.messages.nacked")).isZero();
    consumer.message(0).ack();
    assertThat(counted("pubsub.messages.settled.again")).isEqualTo(1);
    assertThat(onServer().backlog()).isEqualTo(1);
  }

  @Test
  void fail_ends_the_channel_with_the_failure_and_keeps_the_message() {
    publish("bad");
    var channel = channel(Map.of("failure-strategy", "fail"));
    var consumer = consume(channel).request(9);

    consumer.message(0).nack(new IllegalStateException("broken"));

    await().until(() -> consumer.failure != null);
    assertThat(consumer.failure).hasMessage("broken");
    assertThat(liveness(channel).isOk()).isFalse();
    assertThat(liveness(channel).getMessage()).contains("broken");
    await().until(() -> onServer().outstanding() == 0);
    assertThat(onServer().backlog()).isEqualTo(1);
  }

  @Test
  void dead_letter_publishes_the_original_with_its_cause_then_acks() {
    var id = publish("{not json", "fraud/stats", Map.of("ce-type", "updated"));
    var consumer = consume(channel(deadLettering())).request(9);

    consumer.message(0).nack(new IllegalArgumentException("line 1: expected a quote"));

    var letter = deadLetters(1).get(0);
    assertThat(new String(letter.payload(), StandardCharsets.UTF_8)).isEqualTo("{not json");
    assertThat(letter.metadata().orderingKey()).contains("fraud/stats");
    assertThat(letter.metadata().attributes())
        .containsOnly(
            Map.entry("ce-type", "updated"),
            Map.entry("error.class", "java.lang.IllegalArgumentException"),
            Map.entry("error.message", "line 1: expected a quote"),
            Map.entry("original.subscription", SUBSCRIPTION),
            Map.entry("original.message-id", id));
    await().until(() -> onServer().backlog() == 0);
    assertThat(counted("pubsub.messages.dead.lettered")).isEqualTo(1);
    assertThat(counted("pubsub.messages.acked")).isEqualTo(1);
  }

  @Test
  void a_dead_letter_without_room_for_all_of_its_cause_is_published_all_the_same() {
    var attributes = new HashMap<String, String>();
    for (var i = 0; i < 98; i++) {
      attributes.put("attribute-" + i, "value");
    }
    var id = publish("{not json", "", attributes);
    var consumer = consume(channel(deadLettering())).request(9);

    consumer.message(0).nack(new IllegalArgumentException("expected a quote"));

    assertThat(deadLetters(1).get(0).metadata().attributes())
        .hasSize(100)
        .containsAllEntriesOf(attributes)
        .containsEntry("error.message", "expected a quote")
        .containsEntry("original.message-id", id);
    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  void a_nack_may_name_another_strategy_than_the_channels() {
    publish("poison");
    publish("later");
    var consumer = consume(channel(Map.of("dead-letter.topic", "updates-dead-letter"))).request(9);

    consumer.message("poison").nack(new IllegalArgumentException("poison"), TO_DEAD_LETTER);
    consumer.message("later").nack(new IllegalStateException("not yet"));

    assertThat(deadLetters(1)).hasSize(1);
    consumer.awaitReceived(3);
    assertThat(consumer.texts()).containsExactly("poison", "later", "later");
  }

  @Test
  void an_error_message_too_long_for_an_attribute_is_cut_at_a_character() {
    publish("poison");
    var consumer = consume(channel(deadLettering())).request(9);

    consumer.message(0).nack(new IllegalArgumentException("é".repeat(600) + "\uD83D"));

    var message = deadLetters(1).get(0).metadata().attributes().get("error.message");
    assertThat(message).isEqualTo("é".repeat(512));
  }

  @Test
  void a_cause_without_a_message_is_described_by_its_type() {
    publish("poison");
    var consumer = consume(channel(deadLettering())).request(9);

    consumer.message(0).nack(new NullPointerException());

    assertThat(deadLetters(1).get(0).metadata().attributes())
        .containsEntry("error.message", "java.lang.NullPointerException");
  }

  @Test
  void when_the_dead_letter_topic_is_gone_the_message_is_nacked_not_lost() {
    publish("poison");
    deleteDeadLetterTopic();
    var consumer = consume(channel(deadLettering())).request(9);

    consumer.message(0).nack(new IllegalArgumentException("poison"));

    consumer.awaitReceived(2);
    assertThat(counted("pubsub.messages.dead.lettered")).isZero();
    await().until(() -> counted("pubsub.messages.nacked") == 1);
    assertThat(onServer().backlog()).isEqualTo(1);
  }

  @Test
  void a_nack_that_names_no_known_strategy_is_a_plain_nack() {
    publish("once");
    var consumer = consume(channel(Map.of())).request(9);

    var nack =
        consumer
            .message(0)
            .nack(
                new IllegalStateException("not yet"),
                Metadata.of(new PubSubNackMetadata("no-such-strategy")));

    consumer.awaitReceived(2);
    assertThat(nack.toCompletableFuture()).failsWithin(Duration.ofSeconds(1));
  }

  @Test
  void dead_letter_without_a_topic_is_refused_at_start() {
    assertThatThrownBy(() -> channel(Map.of("failure-strategy", "dead-letter")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mp.messaging.incoming.updates.dead-letter.topic");
  }

  private static Map<String, String> deadLettering() {
    return Map.of("failure-strategy", "dead-letter", "dead-letter.topic", "updates-dead-letter");
  }

  private List<PubSubPuller.PulledMessage> deadLetters(int wanted) {
    var letters = new ArrayList<PubSubPuller.PulledMessage>();
    await()
        .until(
            () -> {
              letters.addAll(
                  puller.pull("updates-dead-letter-sub", 10).await().atMost(Patience.PATIENCE));
              return letters.size() >= wanted;
            });
    return letters;
  }

  private void deleteDeadLetterTopic() {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(server.address()).usePlaintext().build();
    PublisherGrpc.newBlockingStub(channel)
        .deleteTopic(DeleteTopicRequest.newBuilder().setTopic(DEAD_LETTERS).build());
    channel.shutdownNow();
  }
}
