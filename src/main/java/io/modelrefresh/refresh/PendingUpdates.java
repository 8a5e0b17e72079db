package io.modelrefresh.refresh;

import io.modelrefresh.update.FeatureUpdate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The newest updates not yet covered by every replica: a hint for servers that reload only what
 * changed. Bounded; guarded by the lane's lock.
 */
final class PendingUpdates {

  static final int LIMIT = 100;

  private record Entry(long sequence, FeatureUpdate update) {}

  private final Deque<Entry> newest = new ArrayDeque<>();

  /** Everything up to this sequence is no longer here. */
  private long droppedUpTo;

  void add(long sequence, FeatureUpdate update) {
    newest.addLast(new Entry(sequence, update));
    if (newest.size() > LIMIT) {
      droppedUpTo = Math.max(droppedUpTo, newest.removeFirst().sequence());
    }
  }

  void dropUpTo(long sequence) {
    while (!newest.isEmpty() && newest.peekFirst().sequence() <= sequence) {
      newest.removeFirst();
    }
    droppedUpTo = Math.max(droppedUpTo, sequence);
  }

  List<FeatureUpdate> after(long sequence) {
    List<FeatureUpdate> updates = new ArrayList<>(newest.size());
    for (Entry entry : newest) {
      if (entry.sequence() > sequence) {
        updates.add(entry.update());
      }
    }
    return updates;
  }

  /**
   * Whether {@link #after(long)} is everything since that sequence, rather than the newest of it.
   */
  boolean completeAfter(long sequence) {
    return sequence >= droppedUpTo;
  }
}
