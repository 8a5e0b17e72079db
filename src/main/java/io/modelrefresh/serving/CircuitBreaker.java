package io.modelrefresh.serving;

import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.smallrye.mutiny.Uni;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

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

  /** As {@link #guard(ReplicaLoader, UnaryOperator)}, where no load waits for its turn. */
  ReplicaLoader guard(ReplicaLoader loader) {
    return guard(loader, UnaryOperator.identity());
  }

  /**
   * The same loader, which spares servers that do not answer.
   *
   * @param inTurn makes loads wait for their turn. Questions do not wait; and a load that finds
   *     upon its turn that others got no answer meanwhile is not tried: its model has other
   *     replicas to go on with.
   */
  public ReplicaLoader guard(ReplicaLoader loader, UnaryOperator<ReplicaLoader> inTurn) {
    ReplicaLoader noted =
        loader.loadingBy(
            (replica, request) ->
                loader.load(replica, request).invoke(outcome -> note(replica, outcome)));
    ReplicaLoader asked = inTurn.apply(noted);
    ReplicaLoader presumed =
        inTurn.apply(
            noted.loadingBy(
                (replica, request) ->
                    isOpen(replica)
                        ? notTried(replica, "while this one waited for its turn")
                        : noted.load(replica, request)));
    return loader.loadingBy(
        (replica, request) ->
            Uni.createFrom()
                .deferred(
                    () ->
                        isOpen(replica)
                            ? loader
                                .answers(replica)
                                .chain(
                                    answers ->
                                        answers
                                            ? asked.load(replica, request)
                                            : notTried(replica, "nor did a plain request just now"))
                            : presumed.load(replica, request)));
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

  private synchronized Uni<LoadOutcome> notTried(Replica replica, String besides) {
    return Uni.createFrom()
        .item(
            new Failed(
                Kind.UNREACHABLE,
                "not loaded: its last %d loads got no answer, %s"
                    .formatted(failures.getOrDefault(replica, FAILURES_TO_OPEN), besides)));
  }
}
