package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;
import java.util.List;

/**
 * Where it is kept what was enqueued for each model and what is owed. All agents that share it see
 * one another's entries. No call blocks; each works upon subscription and may be subscribed again.
 */
interface Ledger {

  /** Whether what was written outlives this process, so that a message may be acknowledged. */
  boolean durable();

  /** The model's ledger, {@link LedgerState#NONE} if there is none yet. */
  Uni<LedgerState> read(String model);

  /**
   * Writes what was made of the state read.
   *
   * @return the state written, with its new version; fails with {@link StaleLedgerException} when
   *     another wrote since, and nothing was changed
   */
  Uni<LedgerState> write(String model, LedgerState state);

  /** The models that owe a job, as far as is recorded. */
  Uni<List<String>> owing();
}
