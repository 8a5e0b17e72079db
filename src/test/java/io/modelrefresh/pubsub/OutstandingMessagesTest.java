package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutstandingMessagesTest {

  private static final int SIZE = "message 1".length();

  private final Deliveries deliveries = new Deliveries();
  private final OutstandingMessages outstanding = new OutstandingMessages(4, 4 * SIZE);
  private final List<Delivery> received =
      List.of(
          deliveries.delivery("1", "", 1_000),
          deliveries.delivery("2", "", 2_000),
          deliveries.delivery("3", "", 3_000));

  @BeforeEach
  void receive() {
    outstanding.addAll(received);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void whichever_is_settled_the_others_are_held_in_their_order(int settled) {
    outstanding.remove(received.get(settled));
    outstanding.addAll(List.of(deliveries.delivery("4", "", 4_000)));

    var left = new ArrayList<>(List.of("1", "2", "3", "4"));
    left.remove(settled);
    assertThat(Deliveries.ids(outstanding.leased())).isEqualTo(left);
    assertThat(outstanding.count()).isEqualTo(3);
    assertThat(outstanding.bytes()).isEqualTo(3 * SIZE);
  }

  @Test
  void what_is_settled_twice_counts_once() {
    outstanding.remove(received.get(1));
    outstanding.remove(received.get(1));

    assertThat(outstanding.count()).isEqualTo(2);
    assertThat(outstanding.bytes()).isEqualTo(2 * SIZE);
  }

  @Test
  void the_oldest_is_the_one_received_first_of_those_that_are_held() {
    assertThat(outstanding.oldestAge(5_000)).isEqualTo(Duration.ofSeconds(4));

    outstanding.remove(received.get(0));
    assertThat(outstanding.oldestAge(5_000)).isEqualTo(Duration.ofSeconds(3));

    received.forEach(outstanding::remove);
    assertThat(outstanding.oldestAge(5_000)).isZero();
  }

  @Test
  void there_is_room_for_as_many_messages_and_as_many_bytes_as_allowed() {
    assertThat(outstanding.hasRoom()).isTrue();

    outstanding.addAll(List.of(deliveries.delivery("4")));
    assertThat(outstanding.hasRoom()).isFalse();

    outstanding.remove(received.get(0));
    assertThat(outstanding.hasRoom()).isTrue();

    outstanding.addAll(List.of(deliveries.delivery("a longer name")));
    outstanding.remove(received.get(1));
    assertThat(outstanding.count()).isEqualTo(3);
    assertThat(outstanding.hasRoom()).as("3 messages, of more bytes").isFalse();
  }

  @Test
  void a_drain_ends_with_the_last_message_or_at_once_when_there_is_none() {
    var drained = outstanding.drained().toCompletableFuture();
    outstanding.remove(received.get(2));
    outstanding.remove(received.get(0));
    assertThat(drained).isNotDone();

    outstanding.remove(received.get(1));

    assertThat(drained).isDone();
    assertThat(new OutstandingMessages(1, 1).drained().toCompletableFuture()).isDone();
  }

  @Test
  void what_is_left_is_nacked_and_counted() {
    outstanding.remove(received.get(0));

    assertThat(outstanding.nackAll()).isEqualTo(2);

    assertThat(deliveries.onTheWire).containsExactly("nack 2", "nack 3");
  }
}
