package io.modelrefresh.retraining;

import io.modelrefresh.retraining.RetrainingQueue.Outcome;

/**
 * Hears of every job that is put off, and of every attempt to enqueue one. Called on any thread;
 * short, and never throws.
 */
public interface RetrainingListener {

  /** Recorded as owed for the end of a cooldown; told once, by the agent that recorded it. */
  void putOff(RetrainingJob job);

  void enqueued(RetrainingJob job, String queue, Outcome outcome);

  /** The job is not known to be in the queue, and will be tried again. */
  void failed(RetrainingJob job, String queue, String problem);
}
