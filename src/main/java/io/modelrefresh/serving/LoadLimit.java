package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds how many loads run at once over all models, so that a feature view of a thousand models
 * does not reload them all in the same moment. Loads on one server wait their turn in the order
 * they were asked for; a model's timeout begins with its turn. One server has a quarter of the
 * turns at most, so that one which hangs with all its models leaves the others theirs.
 *
 * <p>So that many which hang do, too, a server that is a second over a load is asked whether it
 * answers at all, and again every second. One that does is slow, and keeps its turn. One that does
 * not gives the turn on, though not its own next, while its load has the time it was to have.
 *
 * <p>Thread-safe; its lock is never held during a load.
 */
public final class LoadLimit {

  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

  private final int most;
  private final int mostOnOneServer;
  private final Duration lookInterval;
  private final AtomicInteger signals = new AtomicInteger();

  /** Loads that run, and those that wait, by the server's address. Guarded by this. */
  private final Map<Replica, Turns> servers = new LinkedHashMap<>();

  /** Loads that have a turn. As above. */
  private int running;

  /**
   * @param most how many loads may run at once, at least 1
   */
  public LoadLimit(int most) {
    this(most, LOOK_INTERVAL);
  }

  LoadLimit(int most, Duration lookInterval) {
    this.most = most;
    this.lookInterval = lookInterval;
    mostOnOneServer = Math.max(1, most / 4);
  }

  /** The same loader, each of whose loads waits for its turn. They are not to be cancelled. */
  public ReplicaLoader limit(ReplicaLoader loader) {
    return loader.loadingBy(
        (replica, request) ->
            turn(replica)
                .chain(
                    () -> {
                      Turn turn = new Turn(replica);
                      Cancellable looks = looks(loader, turn);
                      return loader
                          .load(replica, request)
                          .onTermination()
                          .invoke(
                              () -> {
                                looks.cancel();
                                end(turn);
                              });
                    }));
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

  /** Has the turn given on once the server does not answer. */
  private Cancellable looks(ReplicaLoader loader, Turn turn) {
    return Uni.createFrom()
        .voidItem()
        .onItem()
        .delayIt()
        .by(lookInterval)
        .chain(() -> loader.answers(turn.replica))
        .repeat()
        .whilst(answers -> answers)
        .subscribe()
        .with(
            answers -> {
              if (!answers) {
                giveOn(turn);
              }
            });
  }

  private void giveOn(Turn turn) {
    synchronized (this) {
      if (turn.over) {
        return;
      }
      turn.over = true;
      running--;
    }
    hand();
  }

  private void end(Turn turn) {
    synchronized (this) {
      Turns turns = servers.get(turn.replica);
      turns.running--;
      if (turns.running == 0 && turns.waiting.isEmpty()) {
        servers.remove(turn.replica);
      }
      if (!turn.over) {
        turn.over = true;
        running--;
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

  /** Of one load. Guarded by the limit. */
  private static final class Turn {
    final Replica replica;
    boolean over;

    Turn(Replica replica) {
      this.replica = replica;
    }
  }

  /** Of one server: loads that run there, with a turn or without, and those that wait. */
  private static final class Turns {
    final Queue<Runnable> waiting = new ArrayDeque<>();
    int running;
  }
}
