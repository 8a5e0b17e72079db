package io.modelrefresh.retraining;

import io.modelrefresh.retraining.RetrainingQueue.Outcome;

/** Hears, and keeps it to itself. */
final class SilentListener implements RetrainingListener {

  @Override
  public void putOff(RetrainingJob job) {}

  @Override
  public void enqueued(RetrainingJob job, String queue, Outcome outcome) {}

  @Override
  public void failed(RetrainingJob job, String queue, String problem) {}
}
