package io.modelrefresh.pubsub;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** The messages received and not yet settled. Safe on any thread. */
final class OutstandingMessages {

  private final Set<Delivery> held = ConcurrentHashMap.newKeySet();
  private final LongAdder bytes = new LongAdder();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private volatile boolean draining;

  void add(Delivery delivery) {
    held.add(delivery);
    bytes.add(delivery.message().getSerializedSize());
  }

  void remove(Delivery delivery) {
    if (held.remove(delivery)) {
      bytes.add(-delivery.message().getSerializedSize());
    }
    if (draining && held.isEmpty()) {
      drained.complete(null);
    }
  }

  int count() {
    return held.size();
  }

  long bytes() {
    return bytes.sum();
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
