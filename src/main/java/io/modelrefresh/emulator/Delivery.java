package io.modelrefresh.emulator;

import com.google.pubsub.v1.PubsubMessage;

/**
 * One message on its way through one subscription, from publish to ack. Its mutable state belongs
 * to the subscription and is touched only under that subscription's lock.
 */
final class Delivery {

  enum State {
    READY,
    /** Waits out the retry policy's backoff. */
    DELAYED,
    LEASED,
    /** Acked or dead-lettered; a queue that still holds it skips it. */
    SETTLED
  }

  final long sequence;
  final PubsubMessage message;
  final long publishedMillis;
  final int bytes;

  State state = State.READY;

  /** How often it was sent; part of the ack id, so that an older delivery's id can be told. */
  int deliveries;

  /** Nacks and expired leases: what the backoff and the dead-letter policy count. */
  int failures;

  /** Whose flow control it weighs on; set exactly while leased. */
  Consumer holder;

  /** The queue of its ordering key; none on a subscription without ordering. */
  KeyQueue key;

  final DeadlineWheel.Slot slot = new DeadlineWheel.Slot(this);

  Delivery(long sequence, PubsubMessage message, long publishedMillis) {
    this.sequence = sequence;
    this.message = message;
    this.publishedMillis = publishedMillis;
    this.bytes = message.getSerializedSize();
  }
}
