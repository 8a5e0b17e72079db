package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The ledger of an agent outside Kubernetes. It ends with the process, so nothing is owed by it
 * alone: a job for a later window is enqueued at once, and the window it is for is in its name and
 * its not-before. Thread-safe.
 */
final class MemoryLedger implements Ledger {

  private final Map<String, LedgerState> states = new HashMap<>();

  @Override
  public boolean durable() {
    return false;
  }

  @Override
  public Uni<LedgerState> read(String model) {
    return Uni.createFrom()
        .item(
            () -> {
              synchronized (this) {
                return states.getOrDefault(model, LedgerState.NONE);
              }
            });
  }

  /** One lane a model writes, one step at a time, so nothing is ever stale. */
  @Override
  public Uni<LedgerState> write(String model, LedgerState state) {
    return Uni.createFrom()
        .item(
            () -> {
              synchronized (this) {
                states.put(model, state);
              }
              return state;
            });
  }

  @Override
  public Uni<List<String>> owing() {
    return Uni.createFrom().item(List.of());
  }
}
