package io.modelrefresh.refresh;

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

  private final Map<String, Arrival> byView = new HashMap<>();

  /**
   * Of the arrival's message and the one held before, holds the one published last, until what
   * arrived now is covered. It covers the other. One published earlier would not: wherever it is
   * delivered again, it may count as superseded by loads that began before the other was published.
   */
  void hold(Arrival arrival, List<Runnable> effects) {
    Arrival before = byView.get(arrival.view());
    if (before != null && before.publishTime().isAfter(arrival.publishTime())) {
      byView.put(arrival.view(), before.arrivedAgain(arrival.sequence()));
      return;
    }
    arrival.message().retain();
    byView.put(arrival.view(), arrival);
    if (before != null) {
      effects.add(before.message()::release);
    }
  }

  /** Lets go of what arrived up to this sequence: every replica covers it. */
  void releaseUpTo(long sequence, List<Runnable> effects) {
    for (Iterator<Arrival> held = byView.values().iterator(); held.hasNext(); ) {
      Arrival arrival = held.next();
      if (arrival.sequence() <= sequence) {
        held.remove();
        effects.add(arrival.message()::release);
      }
    }
  }

  /** Asks for redelivery of everything held. */
  void giveBack(String reason, List<Runnable> effects) {
    byView.values().forEach(arrival -> effects.add(() -> arrival.message().nack(reason)));
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
