package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;

/**
 * Takes retraining jobs. Enqueueing is idempotent by the job's name: whoever tries again, from any
 * agent, finds the first.
 */
public interface RetrainingQueue {

  /** What a queue did with a job. */
  enum Outcome {
    /** It was not in the queue and is now, unless the queue does not {@link #deduplicates}. */
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
   * Whether the queue itself knows jobs by their names, so that {@link Outcome#CREATED} proves that
   * the job is new. If not, its consumer has to.
   */
  default boolean deduplicates() {
    return true;
  }

  /**
   * Asks the queue's server whether it would take a job, enqueueing none. Fails as {@link #enqueue}
   * does; a queue that cannot be asked succeeds.
   */
  default Uni<Void> validate(RetrainingJob sample) {
    return Uni.createFrom().voidItem();
  }
}
