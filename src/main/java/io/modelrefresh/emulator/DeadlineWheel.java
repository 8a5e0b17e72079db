package io.modelrefresh.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * When each lease or backoff ends. Scheduling and cancelling cost O(1) for deadlines that share a
 * tick, and a cancelled entry leaves at once, so a fast consumer with a long lease leaves no
 * garbage. Guarded by the lock of the subscription that owns it.
 */
final class DeadlineWheel {

  /**
   * An entry's place in the wheel; carried by the entry itself, so that cancelling needs no search.
   */
  static final class Slot {
    final Delivery delivery;
    private Slot previous;
    private Slot next;

    Slot(Delivery delivery) {
      this.delivery = delivery;
    }

    private void unlink() {
      previous.next = next;
      next.previous = previous;
      previous = null;
      next = null;
    }
  }

  private static final long TICK_MILLIS = 10;

  /** Ends of circular lists, by the tick at which their entries are due. */
  private final TreeMap<Long, Slot> buckets = new TreeMap<>();

  private long lastTick = Long.MIN_VALUE;
  private Slot lastBucket;

  void schedule(Delivery delivery, long dueMillis) {
    cancel(delivery);
    Slot end = bucket((dueMillis + TICK_MILLIS - 1) / TICK_MILLIS);
    Slot slot = delivery.slot;
    slot.previous = end.previous;
    slot.next = end;
    end.previous.next = slot;
    end.previous = slot;
  }

  void cancel(Delivery delivery) {
    if (delivery.slot.next != null) {
      delivery.slot.unlink();
    }
  }

  /** Removes and returns what is due, earliest first, in the order of scheduling within a tick. */
  List<Delivery> due(long nowMillis) {
    long tick = nowMillis / TICK_MILLIS;
    if (buckets.isEmpty() || buckets.firstKey() > tick) {
      return List.of();
    }
    var due = new ArrayList<Delivery>();
    while (!buckets.isEmpty() && buckets.firstKey() <= tick) {
      Slot end = buckets.pollFirstEntry().getValue();
      while (end.next != end) {
        due.add(end.next.delivery);
        end.next.unlink();
      }
    }
    lastTick = Long.MIN_VALUE;
    return due;
  }

  private Slot bucket(long tick) {
    if (tick != lastTick) {
      lastBucket = buckets.computeIfAbsent(tick, ignored -> emptyRing());
      lastTick = tick;
    }
    return lastBucket;
  }

  private static Slot emptyRing() {
    var end = new Slot(null);
    end.previous = end;
    end.next = end;
    return end;
  }
}
