package io.modelrefresh.retraining;

import io.modelrefresh.retraining.RetrainingQueue.Outcome;

/** Hears of every attempt to enqueue a job. Called on any thread; short, and never throws. */
public interface RetrainingListener {

  void enqueued(RetrainingJob job, String queue, Outcome outcome);

  /** The job is not known to be in the queue, and will be tried again. */
  void failed(RetrainingJob job, String queue, String problem);
}
