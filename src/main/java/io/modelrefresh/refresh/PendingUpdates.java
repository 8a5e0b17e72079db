package io.modelrefresh.refresh;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelrefresh.update.FeatureUpdate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * The newest updates not yet covered by every replica: a hint for servers that reload only what
 * changed. Bounded, and not by their number alone: one update may name a hundred thousand entities,
 * or one entity by a megabyte. Guarded by the lane's lock.
 */
final class PendingUpdates {

  static final int LIMIT = 100;

  /** Of the entity keys of all updates of the lane together, in bytes. */
  static final int SIZE_LIMIT = 2_500_000;

  /** What the objects of one key take besides its text. */
  static final int KEY_SIZE = 250;

  private record Entry(long sequence, FeatureUpdate update, int size) {}

  private final UpdateRoom room;
  private final Deque<Entry> newest = new ArrayDeque<>();
  private int size;

  /** Everything up to this sequence is no longer here. */
  private long droppedUpTo;

  /**
   * @param room for the entity keys of this lane and others
   */
  PendingUpdates(UpdateRoom room) {
    this.room = room;
  }

  void add(long sequence, FeatureUpdate update) {
    Entry added = new Entry(sequence, update, sizeOf(update));
    newest.addLast(added);
    size += added.size();
    room.take(added.size());
    while (newest.size() > LIMIT || size > SIZE_LIMIT || size > 0 && room.isOverdrawn()) {
      droppedUpTo = Math.max(droppedUpTo, dropOldest());
    }
  }

  /** At most what a message has, so no sum here overflows. */
  private static int sizeOf(FeatureUpdate update) {
    int all = 0;
    for (Map<String, JsonNode> key : update.entityKeys()) {
      all += KEY_SIZE;
      for (Map.Entry<String, JsonNode> part : key.entrySet()) {
        all += part.getKey().length() + part.getValue().asText().length();
      }
    }
    return all;
  }

  void dropUpTo(long sequence) {
    while (!newest.isEmpty() && newest.peekFirst().sequence() <= sequence) {
      dropOldest();
    }
    droppedUpTo = Math.max(droppedUpTo, sequence);
  }

  private long dropOldest() {
    Entry oldest = newest.removeFirst();
    size -= oldest.size();
    room.giveBack(oldest.size());
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
