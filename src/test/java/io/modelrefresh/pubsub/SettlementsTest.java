package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.Patience;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** By messages that were pulled, hence are leased without a stream. */
class SettlementsTest extends PubSubTestBase {

  private static final Duration SOON = Patience.PATIENCE;

  private final Settlements settlements =
      new Settlements(SUBSCRIPTION, clients::stub, clients.executor(), Optional.empty());

  @Test
  void acks_reach_the_server_though_nobody_waits_for_them() {
    pulled(3).forEach(settlements::ack);

    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  void more_than_fit_into_one_call_take_several() {
    var ackIds = pulled(2 * Outbox.MOST_IDS + 1);

    ackIds.forEach(settlements::ack);
    assertThat(settlements.awaitSent(SOON)).isTrue();

    assertThat(onServer().ackedCount()).isEqualTo(ackIds.size());
  }

  @Test
  void a_nack_brings_its_message_back() {
    var ackId = pulled(1).get(0);

    settlements.nack(ackId);
    assertThat(settlements.awaitSent(SOON)).isTrue();

    assertThat(onServer().outstanding()).isZero();
    await().until(() -> puller.pull(SUBSCRIPTION, 9).await().atMost(SOON).size() == 1);
  }

  @Test
  void an_ack_that_no_server_hears_is_sent_again_when_there_is_one() {
    var ackId = pulled(1).get(0);
    server.faults().delay("Acknowledge", Duration.ofMinutes(1));
    settlements.ack(ackId);
    settlements.awaitSent(Duration.ofMillis(100));

    server.faults().clear();
    server.restart(true);

    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  void what_the_server_refuses_for_good_is_given_up() {
    var ackId = pulled(1).get(0);
    server.faults().deny("Acknowledge");

    settlements.ack(ackId);

    assertThat(settlements.awaitSent(SOON)).isTrue();
    assertThat(onServer().backlog()).isEqualTo(1);
  }

  private List<String> pulled(int messages) {
    publish(messages);
    var ackIds = new ArrayList<String>();
    while (ackIds.size() < messages) {
      puller.pull(SUBSCRIPTION, messages).await().atMost(SOON).stream()
          .map(PubSubPuller.PulledMessage::ackId)
          .forEach(ackIds::add);
    }
    return ackIds;
  }
}
