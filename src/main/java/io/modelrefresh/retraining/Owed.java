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

  /**
   * How far this machine's clock and the one that stamps publish times may disagree. One that is
   * further ahead has a job created before all that it was to cover was published; what comes after
   * is then owed again, if the queue tells when the job came to be.
   */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(1);

  /** One that is due whether or not this machine's clock has come to the publish time. */
  static Owed atOnce(Instant published, Cause cause) {
    return new Owed(published, published.minus(CLOCK_SKEW), published, cause);
  }

  /**
   * The newest publish time the job covers. It starts no sooner than it is due, so it covers what
   * was published until then, recorded or not.
   */
  Instant covers() {
    Instant surely = notBefore.minus(CLOCK_SKEW);
    return surely.isAfter(newest) ? surely : newest;
  }

  /**
   * What it covers at most, having come to be then: not what was published after, but all that it
   * was recorded for.
   */
  Instant coversSince(Instant created) {
    Instant surely = created.isBefore(covers()) ? created : covers();
    return surely.isAfter(newest) ? surely : newest;
  }

  boolean isSameWindow(Owed other) {
    return window.equals(other.window);
  }

  /** Whether it covers the trigger and says all that the trigger has to say. */
  boolean implies(Trigger trigger) {
    return !trigger.publishTime().isAfter(covers()) && cause.says(trigger.cause());
  }

  /** Covering what it does, and saying what the trigger has to say. */
  Owed becauseOf(Trigger trigger) {
    return new Owed(window, notBefore, newest, cause.and(trigger.cause()));
  }

  /** Recorded for the trigger, too; only before anyone may enqueue it. */
  Owed including(Trigger trigger) {
    return new Owed(
        window,
        notBefore,
        trigger.publishTime().isAfter(newest) ? trigger.publishTime() : newest,
        cause.and(trigger.cause()));
  }

  /** Whether it was recorded for the trigger, so that it cannot be dropped without it. */
  boolean includes(Trigger trigger) {
    return !trigger.publishTime().isAfter(newest) && cause.says(trigger.cause());
  }
}
