package io.modelrefresh.pubsub;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The messages received and not yet settled, and the permits they hold. A permit is given back when
 * its message is settled or its lease has lapsed, whichever comes first. Safe on any thread.
 */
final class OutstandingMessages {

  private final Set<Delivery> held = ConcurrentHashMap.newKeySet();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger permits = new AtomicInteger();
  private final AtomicLong permittedBytes = new AtomicLong();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private final long maxMessages;
  private final long maxBytes;
  private volatile boolean draining;

  OutstandingMessages(long maxMessages, long maxBytes) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  void add(Delivery delivery) {
    held.add(delivery);
    var size = delivery.message().getSerializedSize();
    bytes.addAndGet(size);
    permits.incrementAndGet();
    permittedBytes.addAndGet(size);
  }

  void remove(Delivery delivery) {
    if (held.remove(delivery)) {
      bytes.addAndGet(-delivery.message().getSerializedSize());
      lapse(delivery);
    }
    if (draining && held.isEmpty()) {
      drained.complete(null);
    }
  }

  /** The server delivers this one again: it no longer keeps others from being received. */
  void lapse(Delivery delivery) {
    if (delivery.takePermit()) {
      permits.decrementAndGet();
      permittedBytes.addAndGet(-delivery.message().getSerializedSize());
    }
  }

  /** Whether more may be received. */
  boolean hasRoom() {
    return permits.get() < maxMessages && permittedBytes.get() < maxBytes;
  }

  int count() {
    return held.size();
  }

  long bytes() {
    return bytes.get();
  }

  void forEach(Consumer<Delivery> action) {
    held.forEach(action);
  }

  /**
   * How long ago the oldest was received; zero if there is none. Looks at each: not for hot paths.
   */
  Duration oldestAge(long nowMillis) {
    var oldest = held.stream().mapToLong(Delivery::receivedAtMillis).min().orElse(nowMillis);
    return Duration.ofMillis(Math.max(0, nowMillis - oldest));
  }

  /** Completes when nothing is held, now or later. */
  CompletionStage<Void> drained() {
    draining = true;
    if (held.isEmpty()) {
      drained.complete(null);
    }
    return drained.minimalCompletionStage();
  }

  /** Nacks all that is held; returns how many that were. */
  int nackAll() {
    var nacked = 0;
    for (var delivery : held) {
      delivery.nack();
      nacked++;
    }
    return nacked;
  }
}
