package io.modelrefresh.refresh;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The messages a lane keeps unacknowledged: for each feature view it owes the latest, whose own
 * bytes imply the refresh. So their number is bounded by the views, whatever is published. Guarded
 * by the lane's lock; settling is left to the effects, which run without it.
 */
final class Anchors {

  /** Not the arrival: read, an update takes many times the memory of its message. */
  private record Held(long sequence, HeldMessage message) {}

  private final Map<String, Held> byView = new HashMap<>();

  /** Holds the arrival's message instead of the one before it, which it covers. */
  void hold(Arrival arrival, List<Runnable> effects) {
    arrival.message().retain();
    Held covered = byView.put(arrival.view(), new Held(arrival.sequence(), arrival.message()));
    if (covered != null) {
      effects.add(covered.message()::release);
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
