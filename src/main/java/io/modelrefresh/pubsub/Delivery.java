package io.modelrefresh.pubsub;

import com.google.pubsub.v1.PubsubMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * One message received once, and what became of it: held, claimed by the first who settles it,
 * settled. Safe on any thread; whoever loses a race gets {@link #SETTLED} and is counted.
 */
final class Delivery {

  static final CompletionStage<Void> SETTLED = CompletableFuture.completedStage(null);

  /** The wire. */
  interface Reply {
    CompletionStage<Void> ack();

    CompletionStage<Void> nack();
  }

  /** Told what became of each delivery; on the thread that settles. */
  interface Listener {
    void acked(Delivery delivery);

    void nacked(Delivery delivery);

    /** Given back before anybody saw it. */
    void released(Delivery delivery);

    /** Dropped unseen: its lease was over. */
    void expired(Delivery delivery);

    void settledAgain(Delivery delivery);
  }

  private static final AtomicIntegerFieldUpdater<Delivery> STATE =
      AtomicIntegerFieldUpdater.newUpdater(Delivery.class, "state");
  private static final int HELD = 0;
  private static final int CLAIMED = 1;
  private static final int OVER = 2;

  private final PubsubMessage message;
  private final Reply reply;
  private final Listener listener;
  private final long receivedAt;
  private volatile int state;

  Delivery(PubsubMessage message, Reply reply, Listener listener, long receivedAtMillis) {
    this.message = message;
    this.reply = reply;
    this.listener = listener;
    this.receivedAt = receivedAtMillis;
  }

  PubsubMessage message() {
    return message;
  }

  String orderingKey() {
    return message.getOrderingKey();
  }

  long receivedAtMillis() {
    return receivedAt;
  }

  /** True for the one caller that may settle this delivery. */
  boolean claim() {
    if (STATE.compareAndSet(this, HELD, CLAIMED)) {
      return true;
    }
    listener.settledAgain(this);
    return false;
  }

  CompletionStage<Void> ack() {
    if (end()) {
      listener.acked(this);
      return reply.ack();
    }
    return SETTLED;
  }

  CompletionStage<Void> nack() {
    if (end()) {
      // The wire first: whoever hears of the nack may give back this key's successors.
      var nacked = reply.nack();
      listener.nacked(this);
      return nacked;
    }
    return SETTLED;
  }

  void release() {
    if (end()) {
      reply.nack();
      listener.released(this);
    }
  }

  void expire() {
    if (end()) {
      listener.expired(this);
    }
  }

  private boolean end() {
    return STATE.getAndSet(this, OVER) != OVER;
  }
}
