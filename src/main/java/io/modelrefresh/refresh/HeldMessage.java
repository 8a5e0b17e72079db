package io.modelrefresh.refresh;

import java.util.function.Consumer;

/**
 * A message kept unacknowledged because it guarantees something owed. Every lane that needs it
 * holds one reference; the last release acknowledges. Of the deliveries of the same message it
 * keeps the latest: the sender goes by that one, and what is held for days is delivered very often.
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
  private Delivery delivery;
  private int references = 1;
  private State state = State.HELD;

  /** Held once, by the caller, who must {@link #release()} it. */
  HeldMessage(String id, Delivery first, Consumer<HeldMessage> onSettled) {
    this.id = id;
    this.onSettled = onSettled;
    this.delivery = first;
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

  /** Gives up one reference; the last one acknowledges. */
  public void release() {
    Delivery acknowledged;
    synchronized (this) {
      references--;
      if (references > 0 || state != State.HELD) {
        return;
      }
      state = State.ACKED;
      acknowledged = delivery;
    }
    onSettled.accept(this);
    acknowledged.ack();
  }

  /** Asks for redelivery, whoever else still holds it: nothing is lost by delivering again. */
  public void nack(String reason) {
    Delivery refused;
    synchronized (this) {
      if (state != State.HELD) {
        return;
      }
      state = State.NACKED;
      refused = delivery;
    }
    onSettled.accept(this);
    refused.nack(reason);
  }

  /** Takes a redelivery of this message if it is still held, and tells what has become of it. */
  State join(Delivery redelivery) {
    Delivery before;
    synchronized (this) {
      if (state != State.HELD) {
        return state;
      }
      before = delivery;
      delivery = redelivery;
    }
    before.supersede();
    return State.HELD;
  }
}
