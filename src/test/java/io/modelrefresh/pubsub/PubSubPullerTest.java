package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.api.gax.rpc.NotFoundException;
import io.modelrefresh.Patience;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PubSubPullerTest extends PubSubTestBase {

  private static final Duration SOON = Patience.PATIENCE;

  @Test
  void what_is_pulled_and_acked_is_gone() {
    publish("one", "key", Map.of("a", "b"));

    var pulled = pulled();
    assertThat(pulled).hasSize(1);
    assertThat(new String(pulled.get(0).payload(), StandardCharsets.UTF_8)).isEqualTo("one");
    assertThat(pulled.get(0).metadata().orderingKey()).contains("key");
    assertThat(pulled.get(0).metadata().attributes()).containsEntry("a", "b");
    puller.ack("updates-sub", List.of(pulled.get(0).ackId())).await().atMost(SOON);

    assertThat(onServer().backlog()).isZero();
  }

  @Test
  void what_is_released_may_be_pulled_again_at_once() {
    publish("one");
    var pulled = pulled();

    puller.release(SUBSCRIPTION, List.of(pulled.get(0).ackId())).await().atMost(SOON);

    assertThat(onServer().outstanding()).isZero();
    assertThat(pulled()).hasSize(1);
  }

  @Test
  void a_missing_subscription_fails_the_pull() {
    assertThatThrownBy(() -> puller.pull("no-such-sub", 1).await().atMost(SOON))
        .isInstanceOf(NotFoundException.class);
  }

  /** A pull that brings nothing proves nothing. */
  private List<PubSubPuller.PulledMessage> pulled() {
    var pulled = new ArrayList<PubSubPuller.PulledMessage>();
    await().until(() -> pulled.addAll(puller.pull(SUBSCRIPTION, 10).await().atMost(SOON)));
    return pulled;
  }
}
