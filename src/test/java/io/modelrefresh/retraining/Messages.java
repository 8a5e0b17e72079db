package io.modelrefresh.retraining;

import io.modelrefresh.refresh.Delivery;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.refresh.HeldMessages;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The messages of one agent's process, and how each was settled. */
final class Messages {

  private final HeldMessages held = new HeldMessages();
  private final Map<String, String> settled = new ConcurrentHashMap<>();

  /** Held once, by the caller. */
  HeldMessage hold(String id) {
    return held.hold(id, delivery(id, () -> {}));
  }

  /**
   * Takes a message in as the agent does: held once, by the caller, unless it is known from before.
   *
   * @param onAck run when it is acknowledged
   */
  Optional<HeldMessage> receive(String id, Runnable onAck) {
    Delivery delivery = delivery(id, onAck);
    return held.recognise(id, delivery) ? Optional.empty() : Optional.of(held.hold(id, delivery));
  }

  private Delivery delivery(String id, Runnable onAck) {
    return new Delivery() {
      @Override
      public void ack() {
        settled.put(id, "ack");
        onAck.run();
      }

      @Override
      public void nack(String reason) {
        settled.put(id, "nack");
      }

      @Override
      public void supersede() {}
    };
  }

  /** {@code ack}, {@code nack} or {@code held}. */
  String fate(String id) {
    return settled.getOrDefault(id, "held");
  }

  int heldCount() {
    return held.count();
  }
}
