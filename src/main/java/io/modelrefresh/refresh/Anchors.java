package io.modelrefresh.refresh;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The messages a lane keeps unacknowledged: for each feature view it owes the one published last,
 * whose own bytes imply the refresh. So their number is bounded by the views, whatever is
 * published. Guarded by the lane's lock; settling is left to the effects, which run without it.
 */
final class Anchors {

  /** Not the arrival: read, an update takes many times the memory of its message. */
  private record Held(long sequence, Instant publishTime, HeldMessage message) {}

  private final Map<String, Held> byView = new HashMap<>();

  /**
   * Of the arrival's message and the one held before, holds the one published last, until what
   * arrived now is covered. It covers the other. One published earlier would not: wherever it is
   * delivered again, it may count as superseded by loads that began before the other was published.
   */
  void hold(Arrival arrival, List<Runnable> effects) {
    Held before = byView.get(arrival.view());
    if (before != null && before.publishTime().isAfter(arrival.publishTime())) {
      byView.put(
          arrival.view(), new Held(arrival.sequence(), before.publishTime(), before.message()));
      return;
    }
    arrival.message().retain();
    byView.put(
        arrival.view(), new Held(arrival.sequence(), arrival.publishTime(), arrival.message()));
    if (before != null) {
      effects.add(before.message()::release);
    }
  }

  /** Lets go of what arrived up to this sequence: every replica covers it. */
  void releaseUpTo(long sequence, List<Runnable> effects) {
    for (Iterator<Held> all = byView.values().iterator(); all.hasNext(); ) {
      Held held = all.next();
      if (held.sequence() <= sequence) {
        all.remove();
        effects.add(held.message()::release);
      }
    }
  }

  /** Asks for redelivery of everything held. */
  void giveBack(String reason, List<Runnable> effects) {
    byView.values().forEach(held -> effects.add(() -> held.message().nack(reason)));
    byView.clear();
  }

  int count() {
    return byView.size();
  }

  /** The feature views owed, in order. */
  Collection<String> views() {
    return byView.keySet().stream().sorted().toList();
  }
}
