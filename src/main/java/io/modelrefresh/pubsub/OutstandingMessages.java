package io.modelrefresh.pubsub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * The messages received and not yet settled, in order of receipt, and the permits they hold. A
 * permit is given back when its message is settled or its lease has lapsed, whichever comes first.
 *
 * <p>Safe on any thread. Every message comes and goes here, so it is one lock and no objects: the
 * deliveries themselves are chained.
 */
final class OutstandingMessages {

  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private final long maxMessages;
  private final long maxBytes;

  // Guarded by this, as the links between deliveries are.
  private Delivery oldest;
  private Delivery newest;
  private int count;
  private long bytes;
  private boolean draining;

  // Written under the lock.
  private volatile long permits;
  private volatile long permittedBytes;

  OutstandingMessages(long maxMessages, long maxBytes) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  synchronized void addAll(List<Delivery> received) {
    long size = 0;
    for (var delivery : received) {
      append(delivery);
      size += delivery.size();
    }
    count += received.size();
    bytes += size;
    permits += received.size();
    permittedBytes += size;
  }

  private void append(Delivery delivery) {
    delivery.outstanding = true;
    delivery.permitted = true;
    delivery.before = newest;
    if (newest == null) {
      oldest = delivery;
    } else {
      newest.after = delivery;
    }
    newest = delivery;
  }

  void remove(Delivery delivery) {
    if (unlink(delivery)) {
      drained.complete(null);
    }
  }

  /** Returns true if it was the last that a drain waits for. */
  private synchronized boolean unlink(Delivery delivery) {
    if (delivery.outstanding) {
      delivery.outstanding = false;
      if (delivery.before == null) {
        oldest = delivery.after;
      } else {
        delivery.before.after = delivery.after;
      }
      if (delivery.after == null) {
        newest = delivery.before;
      } else {
        delivery.after.before = delivery.before;
      }
      delivery.before = null;
      delivery.after = null;
      count--;
      bytes -= delivery.size();
      lapse(delivery);
    }
    return draining && count == 0;
  }

  /** The server delivers this one again: it no longer keeps others from being received. */
  synchronized void lapse(Delivery delivery) {
    if (delivery.permitted) {
      delivery.permitted = false;
      permits--;
      permittedBytes -= delivery.size();
    }
  }

  /** Whether more may be received. */
  boolean hasRoom() {
    return permits < maxMessages && permittedBytes < maxBytes;
  }

  synchronized int count() {
    return count;
  }

  synchronized long bytes() {
    return bytes;
  }

  /** Those whose lease has not lapsed, as they are now. */
  List<Delivery> leased() {
    return those(delivery -> delivery.permitted);
  }

  private synchronized List<Delivery> those(Predicate<Delivery> wanted) {
    var those = new ArrayList<Delivery>(count);
    for (var delivery = oldest; delivery != null; delivery = delivery.after) {
      if (wanted.test(delivery)) {
        those.add(delivery);
      }
    }
    return those;
  }

  /** How long ago the oldest was received; zero if there is none. */
  synchronized Duration oldestAge(long nowMillis) {
    return oldest == null
        ? Duration.ZERO
        : Duration.ofMillis(Math.max(0, nowMillis - oldest.receivedAtMillis()));
  }

  /** Completes when nothing is held, now or later. */
  CompletionStage<Void> drained() {
    synchronized (this) {
      draining = true;
    }
    if (count() == 0) {
      drained.complete(null);
    }
    return drained.minimalCompletionStage();
  }

  /** Nacks all that is held; returns how many that were. */
  int nackAll() {
    var held = those(any -> true);
    held.forEach(Delivery::nack);
    return held.size();
  }
}
