package io.modelrefresh.refresh;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A message kept unacknowledged because it guarantees something owed. Every lane that needs it
 * holds one reference; the last release acknowledges. Deliveries of the same message join it and
 * are settled with it: acknowledging an older delivery alone could acknowledge the message.
 *
 * <p>Thread-safe; its own lock guards its state and is never held while a delivery is settled.
 */
public final class HeldMessage {

  /** What has become of a message. */
  enum State {
    HELD,
    ACKED,
    NACKED
  }

  private final String id;
  private final Consumer<HeldMessage> onSettled;
  private List<Delivery> deliveries = new ArrayList<>(1);
  private int references = 1;
  private State state = State.HELD;

  /** Held once, by the caller, who must {@link #release()} it. */
  HeldMessage(String id, Delivery first, Consumer<HeldMessage> onSettled) {
    this.id = id;
    this.onSettled = onSettled;
    this.deliveries.add(first);
  }

  /** The message id the sender gave it. */
  public String id() {
    return id;
  }

  synchronized State state() {
    return state;
  }

  /** Takes one more reference, to be given up by {@link #release()}. */
  public synchronized void retain() {
    references++;
  }

  /** Gives up one reference; the last one acknowledges every delivery. */
  public void release() {
    List<Delivery> acknowledged;
    synchronized (this) {
      references--;
      if (references > 0 || state != State.HELD) {
        return;
      }
      acknowledged = settle(State.ACKED);
    }
    onSettled.accept(this);
    acknowledged.forEach(Delivery::ack);
  }

  /** Asks for redelivery, whoever else still holds it: nothing is lost by delivering again. */
  public void nack(String reason) {
    List<Delivery> refused;
    synchronized (this) {
      if (state != State.HELD) {
        return;
      }
      refused = settle(State.NACKED);
    }
    onSettled.accept(this);
    refused.forEach(delivery -> delivery.nack(reason));
  }

  /** Adds a redelivery of this message if it is still held, and tells what has become of it. */
  synchronized State join(Delivery redelivery) {
    if (state == State.HELD) {
      deliveries.add(redelivery);
    }
    return state;
  }

  private List<Delivery> settle(State end) {
    state = end;
    List<Delivery> all = deliveries;
    deliveries = List.of();
    return all;
  }
}
