package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds how many loads run at once over all models, so that a feature view of a thousand models
 * does not reload them all in the same moment. Loads wait their turn in the order they were asked
 * for; a model's timeout begins with its turn. Thread-safe; its lock is never held during a load.
 */
public final class LoadLimit {

  private final int most;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private final AtomicInteger signals = new AtomicInteger();
  private int running;

  /**
   * @param most how many loads may run at once, at least 1
   */
  public LoadLimit(int most) {
    this.most = most;
  }

  /** The same loader, each of whose loads waits for its turn. They are not to be cancelled. */
  public ReplicaLoader limit(ReplicaLoader loader) {
    return new ReplicaLoader() {
      @Override
      public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
        return turn()
            .chain(
                () -> loader.load(replica, request).onTermination().invoke(LoadLimit.this::next));
      }

      @Override
      public Uni<ObservedWatermark> observed(Replica replica) {
        return loader.observed(replica);
      }
    };
  }

  private Uni<Void> turn() {
    return Uni.createFrom()
        .emitter(
            (UniEmitter<? super Void> emitter) -> {
              synchronized (this) {
                waiting.add(() -> emitter.complete(null));
              }
              hand();
            });
  }

  private void next() {
    synchronized (this) {
      running--;
    }
    hand();
  }

  /** One thread at a time hands out turns: a load that ends at once would recurse otherwise. */
  private void hand() {
    if (signals.getAndIncrement() != 0) {
      return;
    }
    int seen = signals.get();
    do {
      for (Runnable turn = take(); turn != null; turn = take()) {
        turn.run();
      }
      seen = signals.addAndGet(-seen);
    } while (seen != 0);
  }

  private synchronized Runnable take() {
    if (running == most || waiting.isEmpty()) {
      return null;
    }
    running++;
    return waiting.remove();
  }
}
