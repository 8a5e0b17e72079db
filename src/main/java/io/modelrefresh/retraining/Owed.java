package io.modelrefresh.retraining;

import java.time.Duration;
import java.time.Instant;

/**
 * A job that is to be enqueued.
 *
 * @param window the start of its window, by which it is named
 * @param notBefore when it is due
 * @param newest the newest publish time among the triggers it was recorded for
 */
record Owed(Instant window, Instant notBefore, Instant newest, Cause cause) {

  /** How far this machine's clock and the one that stamps publish times may disagree. */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(1);

  /**
   * The newest publish time the job covers once it is enqueued. It starts no sooner than it is due,
   * so it covers what was published until then, recorded or not.
   */
  Instant covers() {
    Instant surely = notBefore.minus(CLOCK_SKEW);
    return surely.isAfter(newest) ? surely : newest;
  }

  Owed and(Trigger trigger) {
    return new Owed(
        window,
        notBefore,
        trigger.publishTime().isAfter(newest) ? trigger.publishTime() : newest,
        cause.and(trigger.cause()));
  }
}
