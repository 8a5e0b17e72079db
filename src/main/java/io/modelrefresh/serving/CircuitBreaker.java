package io.modelrefresh.serving;

import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.smallrye.mutiny.Uni;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keeps loads away from a server that does not answer: once {@value #FAILURES_TO_OPEN} loads in a
 * row got no answer there, from whichever models, the circuit is open, and every further load is
 * preceded by a short question whether anything answers at all. So a server that hangs costs its
 * models two seconds an attempt instead of the timeout of a load, and no turn of the others.
 * Thread-safe.
 */
public final class CircuitBreaker {

  static final int FAILURES_TO_OPEN = 3;

  /** Far more than the servers of any cluster; of more, the longest silent are tried in full. */
  private static final int REMEMBERED = 10_000;

  /** Loads without an answer in a row; absent for none. Guarded by this. */
  private final Map<Replica, Integer> failures =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Replica, Integer> eldest) {
          return size() > REMEMBERED;
        }
      };

  /** The same loader, which spares servers that do not answer. */
  public ReplicaLoader guard(ReplicaLoader loader) {
    return new ReplicaLoader() {
      @Override
      public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
        return Uni.createFrom()
            .deferred(
                () ->
                    isOpen(replica)
                        ? loader
                            .answers(replica)
                            .chain(answers -> answers ? tried(replica, request) : notTried(replica))
                        : tried(replica, request));
      }

      private Uni<LoadOutcome> tried(Replica replica, LoadRequest request) {
        return loader.load(replica, request).invoke(outcome -> note(replica, outcome));
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

  private synchronized boolean isOpen(Replica replica) {
    return failures.getOrDefault(replica, 0) >= FAILURES_TO_OPEN;
  }

  private synchronized void note(Replica replica, LoadOutcome outcome) {
    boolean silent =
        outcome instanceof Failed failed
            && (failed.kind() == Kind.UNREACHABLE || failed.kind() == Kind.TIMED_OUT);
    if (silent) {
      failures.merge(replica, 1, Integer::sum);
    } else {
      failures.remove(replica);
    }
  }

  private synchronized Uni<LoadOutcome> notTried(Replica replica) {
    return Uni.createFrom()
        .item(
            new Failed(
                Kind.UNREACHABLE,
                "not loaded: its last %d loads got no answer, nor did a plain request just now"
                    .formatted(failures.getOrDefault(replica, FAILURES_TO_OPEN))));
  }
}
