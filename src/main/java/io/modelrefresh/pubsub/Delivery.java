package io.modelrefresh.pubsub;

import com.google.protobuf.UnsafeByteOperations;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * One message received once, and what became of it: held, claimed by the first who settles it,
 * settled. Safe on any thread; whoever loses a race gets {@link #SETTLED} and is counted.
 */
final class Delivery {

  static final CompletionStage<Void> SETTLED = CompletableFuture.completedStage(null);

  /** The wire: takes what becomes of a delivery, by its ack id. */
  interface Wire {
    CompletionStage<Void> ack(String ackId);

    CompletionStage<Void> nack(String ackId);
  }

  /** Told what became of each delivery; on the thread that settles. */
  interface Listener {
    void acked(Delivery delivery);

    void nacked(Delivery delivery);

    /** Given back before anybody saw it. */
    void released(Delivery delivery);

    /** Given up without a word to the server. */
    void abandoned(Delivery delivery);

    /** Dropped unseen: its lease was over. */
    void expired(Delivery delivery);

    void settledAgain(Delivery delivery);
  }

  private static final AtomicIntegerFieldUpdater<Delivery> STATE =
      AtomicIntegerFieldUpdater.newUpdater(Delivery.class, "state");

  /** Below it, what another copy takes is less than what it takes to save it. */
  private static final int LARGE = 8 << 10;

  private static final int HELD = 0;
  private static final int CLAIMED = 1;
  private static final int OVER = 2;

  private volatile PubsubMessage message;
  private final String ackId;
  private final int attempt;
  private final Wire wire;
  private final Listener listener;
  private final long receivedAt;
  private volatile long leasedUntil;
  private final int size;
  private volatile int state;

  // What OutstandingMessages knows of this one, guarded by it: its place there, its permit.
  Delivery before;
  Delivery after;
  boolean outstanding;
  boolean permitted;

  Delivery(
      ReceivedMessage received,
      Wire wire,
      Listener listener,
      long receivedAtMillis,
      long leasedUntilMillis) {
    this.message = received.getMessage();
    this.ackId = received.getAckId();
    this.attempt = received.getDeliveryAttempt();
    this.wire = wire;
    this.listener = listener;
    this.receivedAt = receivedAtMillis;
    this.leasedUntil = leasedUntilMillis;
    this.size = sizeOf(message);
  }

  private static int sizeOf(PubsubMessage message) {
    var size = message.getData().size() + message.getOrderingKey().length();
    for (var attribute : message.getAttributesMap().entrySet()) {
      size += attribute.getKey().length() + attribute.getValue().length();
    }
    return size;
  }

  PubsubMessage message() {
    return message;
  }

  /**
   * What the message says, to be given away. From then on a large message has these very bytes:
   * while it is held they are in memory once.
   */
  byte[] payload() {
    var payload = message.getData().toByteArray();
    if (payload.length >= LARGE) {
      message = message.toBuilder().setData(UnsafeByteOperations.unsafeWrap(payload)).build();
    }
    return payload;
  }

  String ackId() {
    return ackId;
  }

  /** Counted from 1; 0 unless the subscription has a dead-letter policy. */
  int attempt() {
    return attempt;
  }

  String orderingKey() {
    return message.getOrderingKey();
  }

  long receivedAtMillis() {
    return receivedAt;
  }

  long leasedUntilMillis() {
    return leasedUntil;
  }

  /** The server was asked to wait until then before it delivers the message again. */
  void leasedUntil(long millis) {
    leasedUntil = millis;
  }

  /**
   * In bytes, of what its publisher gave: on the wire it is a little more, and that takes as long
   * to find out as to write.
   */
  int size() {
    return size;
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
      return wire.ack(ackId);
    }
    return SETTLED;
  }

  CompletionStage<Void> nack() {
    if (end()) {
      // The wire first: whoever hears of the nack may give back this key's successors.
      var nacked = wire.nack(ackId);
      listener.nacked(this);
      return nacked;
    }
    return SETTLED;
  }

  CompletionStage<Void> abandon() {
    if (end()) {
      listener.abandoned(this);
    }
    return SETTLED;
  }

  void release() {
    if (end()) {
      wire.nack(ackId);
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
