package io.modelrefresh.pubsub;

import com.google.common.collect.Lists;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Collects ack ids for a few milliseconds, or until there are many, so that one call tells the
 * server of all. Safe on any thread; sends on the executor's.
 */
final class Outbox {

  /** Of about 200 bytes each: the server takes requests of 512 KiB. */
  static final int MOST_IDS = 1_000;

  private static final Duration DELAY = Duration.ofMillis(10);

  private final ScheduledExecutorService executor;
  private final Consumer<List<String>> sender;
  private final Object sending = new Object();
  private List<String> waiting = new ArrayList<>();

  /**
   * @param sender is given at most {@link #MOST_IDS} at once
   */
  Outbox(ScheduledExecutorService executor, Consumer<List<String>> sender) {
    this.executor = executor;
    this.sender = sender;
  }

  void add(String ackId) {
    int size;
    synchronized (this) {
      waiting.add(ackId);
      size = waiting.size();
    }
    if (size == 1) {
      executor.schedule(this::send, DELAY.toMillis(), TimeUnit.MILLISECONDS);
    } else if (size == MOST_IDS) {
      executor.execute(this::send);
    }
  }

  /** Sends what has been collected, now: when this returns the sender has all that was added. */
  void send() {
    synchronized (sending) { // Whoever took some before has handed it on, too.
      List<String> taken;
      synchronized (this) {
        taken = waiting;
        waiting = new ArrayList<>(Math.min(taken.size(), MOST_IDS));
      }
      if (!taken.isEmpty()) {
        Lists.partition(taken, MOST_IDS).forEach(sender);
      }
    }
  }
}
