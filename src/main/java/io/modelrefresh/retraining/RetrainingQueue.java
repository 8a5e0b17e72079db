package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;

/**
 * Takes retraining jobs. Enqueueing is idempotent by the job's name: whoever tries again, from any
 * agent, finds the first.
 */
public interface RetrainingQueue {

  /** What a queue did with a job. */
  enum Outcome {
    /** It is in the queue now. */
    CREATED,
    /** It was there before. */
    DUPLICATE
  }

  /**
   * Enqueues the job upon subscription, within a bounded time, blocking nobody. Fails with {@link
   * EnqueueFailedException} when the job is not in the queue or that is not known; then it is tried
   * again.
   */
  Uni<Outcome> enqueue(RetrainingJob job);

  /**
   * Asks the queue's server whether it would take a job, enqueueing none. Fails as {@link #enqueue}
   * does; a queue that cannot be asked succeeds.
   */
  default Uni<Void> validate(RetrainingJob sample) {
    return Uni.createFrom().voidItem();
  }
}
