package io.modelrefresh.refresh;

import io.modelrefresh.update.FeatureUpdate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The newest updates not yet covered by every replica: a hint for servers that reload only what
 * changed. Bounded, and not by their number alone: one update may name a hundred thousand entities.
 * Guarded by the lane's lock.
 */
final class PendingUpdates {

  static final int LIMIT = 100;

  /** Of all updates together; a few hundred bytes each. */
  static final int ENTITY_KEY_LIMIT = 10_000;

  private record Entry(long sequence, FeatureUpdate update) {
    int entityKeys() {
      return update.entityKeys().size();
    }
  }

  private final Deque<Entry> newest = new ArrayDeque<>();
  private int entityKeys;

  /** Everything up to this sequence is no longer here. */
  private long droppedUpTo;

  void add(long sequence, FeatureUpdate update) {
    Entry added = new Entry(sequence, update);
    newest.addLast(added);
    entityKeys += added.entityKeys();
    while (newest.size() > LIMIT || entityKeys > ENTITY_KEY_LIMIT) {
      droppedUpTo = Math.max(droppedUpTo, dropOldest());
    }
  }

  void dropUpTo(long sequence) {
    while (!newest.isEmpty() && newest.peekFirst().sequence() <= sequence) {
      dropOldest();
    }
    droppedUpTo = Math.max(droppedUpTo, sequence);
  }

  private long dropOldest() {
    Entry oldest = newest.removeFirst();
    entityKeys -= oldest.entityKeys();
    return oldest.sequence();
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
