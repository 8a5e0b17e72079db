package io.modelrefresh.emulator;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The messages of one ordering key in publish order: what is still to be sent, and what was sent
 * but not yet all acked. Guarded by the lock of the subscription that owns it.
 */
final class KeyQueue {

  final String key;
  final Deque<Delivery> pending = new ArrayDeque<>();

  /**
   * From the earliest unacked one on, acked ones between included: a redelivery repeats every later
   * message of the key, "including acknowledged messages" ("Order messages" in the Pub/Sub
   * documentation).
   */
  final Deque<Delivery> sent = new ArrayDeque<>();

  /** Leases within {@link #sent}. */
  int leased;

  /** Who alone may be given the key, as long as something of it is leased; else null. */
  Consumer owner;

  KeyQueue(String key) {
    this.key = key;
  }

  /** The next message to send, if it may be sent now; else null. */
  Delivery head() {
    while (!pending.isEmpty() && pending.peekFirst().state == Delivery.State.SETTLED) {
      pending.pollFirst();
    }
    Delivery head = pending.peekFirst();
    return head != null && head.state == Delivery.State.READY ? head : null;
  }

  boolean isEmpty() {
    return pending.isEmpty() && sent.isEmpty();
  }
}
