package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds how many loads run at once over all models, so that a feature view of a thousand models
 * does not reload them all in the same moment. Loads on one server wait their turn in the order
 * they were asked for; a model's timeout begins with its turn. One server has a quarter of the
 * turns at most, so that one which hangs with all its models leaves the others theirs. Thread-safe;
 * its lock is never held during a load.
 */
public final class LoadLimit {

  private final int most;
  private final int mostOnOneServer;
  private final AtomicInteger signals = new AtomicInteger();

  /** Loads that run, and those that wait, by the server's address. Guarded by this. */
  private final Map<Replica, Turns> servers = new LinkedHashMap<>();

  private int running;

  /**
   * @param most how many loads may run at once, at least 1
   */
  public LoadLimit(int most) {
    this.most = most;
    mostOnOneServer = Math.max(1, most / 4);
  }

  /** The same loader, each of whose loads waits for its turn. They are not to be cancelled. */
  public ReplicaLoader limit(ReplicaLoader loader) {
    return new ReplicaLoader() {
      @Override
      public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
        return turn(replica)
            .chain(() -> loader.load(replica, request).onTermination().invoke(() -> next(replica)));
      }

      @Override
      public Uni<ObservedWatermark> observed(Replica replica) {
        return loader.observed(replica);
      }

      @Override
      public Uni<Boolean> answers(Replica replica) {
        return loader.answers(replica);
      }
    };
  }

  private Uni<Void> turn(Replica replica) {
    return Uni.createFrom()
        .emitter(
            (UniEmitter<? super Void> emitter) -> {
              synchronized (this) {
                servers
                    .computeIfAbsent(replica, server -> new Turns())
                    .waiting
                    .add(() -> emitter.complete(null));
              }
              hand();
            });
  }

  private void next(Replica replica) {
    synchronized (this) {
      running--;
      Turns turns = servers.get(replica);
      turns.running--;
      if (turns.running == 0 && turns.waiting.isEmpty()) {
        servers.remove(replica);
      }
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
    if (running == most) {
      return null;
    }
    for (Map.Entry<Replica, Turns> server : servers.entrySet()) {
      Turns turns = server.getValue();
      if (turns.running < mostOnOneServer && !turns.waiting.isEmpty()) {
        running++;
        turns.running++;
        // The others' turn comes before this one's next.
        servers.remove(server.getKey());
        servers.put(server.getKey(), turns);
        return turns.waiting.remove();
      }
    }
    return null;
  }

  private static final class Turns {
    final Queue<Runnable> waiting = new ArrayDeque<>();
    int running;
  }
}
