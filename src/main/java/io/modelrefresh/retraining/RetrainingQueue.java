package io.modelrefresh.retraining;

import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.Optional;

/**
 * Takes retraining jobs. Enqueueing is idempotent by the job's name: whoever tries again, from any
 * agent, finds the first.
 */
public interface RetrainingQueue {

  /** What a queue says it did with a job. */
  enum Outcome {
    /** It took the job. */
    CREATED,
    /** The job was there before. */
    DUPLICATE
  }

  /**
   * What is known of a job that is in the queue.
   *
   * @param certainlyNew whether it was not there before this call; not so where the queue itself
   *     does not know jobs by their names, so that its consumer has to, or may answer for a job it
   *     has as for one it takes
   * @param since when the job came to be, if the queue's server says so
   */
  record Enqueued(Outcome outcome, boolean certainlyNew, Optional<Instant> since) {

    static Enqueued created() {
      return new Enqueued(Outcome.CREATED, true, Optional.empty());
    }

    /** Taken, by a queue that may have had it before. */
    static Enqueued taken() {
      return new Enqueued(Outcome.CREATED, false, Optional.empty());
    }

    static Enqueued duplicate() {
      return new Enqueued(Outcome.DUPLICATE, false, Optional.empty());
    }

    Enqueued since(Optional<Instant> cameToBe) {
      return new Enqueued(outcome, certainlyNew, cameToBe);
    }
  }

  /**
   * Enqueues the job upon subscription, within a bounded time, blocking nobody. Fails with {@link
   * EnqueueFailedException} when the job is not in the queue or that is not known; then it is tried
   * again.
   */
  Uni<Enqueued> enqueue(RetrainingJob job);

  /**
   * Asks the queue's server whether it would take a job, enqueueing none. Fails as {@link #enqueue}
   * does; a queue that cannot be asked succeeds.
   */
  default Uni<Void> validate(RetrainingJob sample) {
    return Uni.createFrom().voidItem();
  }
}
