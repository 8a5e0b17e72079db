package io.modelrefresh.refresh;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much memory all lanes together may take for what is only a hint: the entity keys of updates
 * that are still owed. Thread-safe.
 */
final class UpdateRoom {

  private final long bytes;
  private final AtomicLong taken = new AtomicLong();

  UpdateRoom(long bytes) {
    this.bytes = bytes;
  }

  /** An eighth of the heap. */
  static UpdateRoom ofHeap() {
    return new UpdateRoom(Runtime.getRuntime().maxMemory() / 8);
  }

  void take(long some) {
    taken.addAndGet(some);
  }

  void giveBack(long some) {
    taken.addAndGet(-some);
  }

  /** Whether more is taken than there is. */
  boolean isOverdrawn() {
    return taken.get() > bytes;
  }
}
