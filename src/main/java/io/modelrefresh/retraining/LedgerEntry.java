package io.modelrefresh.retraining;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What is known of one model's retraining for one kind of reason. Decides which window a trigger
 * belongs to, from publish times alone, so that every agent and every redelivery decides alike.
 *
 * <table>
 *   <caption>What becomes of a trigger</caption>
 *   <tr><th>published</th><th>a job is owed</th><th>then</th></tr>
 *   <tr><td>no later than what is covered</td><td>either</td><td>nothing</td></tr>
 *   <tr><td>later</td><td>yes</td><td>joins it</td></tr>
 *   <tr><td>later, within the cooldown of the last window</td><td>no</td><td>a job is owed for the
 *   window that begins when this one ends</td></tr>
 *   <tr><td>later, after it, or there was none</td><td>no</td><td>a job is owed at once, for a window
 *   that begins with this trigger</td></tr>
 * </table>
 *
 * @param window the start of the last window a job was enqueued for
 * @param covered the newest publish time such a job covers
 */
record LedgerEntry(Optional<Instant> window, Optional<Instant> covered, Optional<Owed> owed) {

  static final LedgerEntry EMPTY =
      new LedgerEntry(Optional.empty(), Optional.empty(), Optional.empty());

  /** With the trigger taken into account; equal to this when it adds nothing. */
  LedgerEntry with(Trigger trigger, Duration cooldown) {
    if (isCovered(trigger)) {
      return this;
    }
    if (owed.isPresent()) {
      return owedCovers(trigger) ? this : owing(owed.get().and(trigger));
    }
    Instant published = trigger.publishTime();
    Instant start =
        window
            .map(last -> last.plus(cooldown))
            .filter(end -> published.isBefore(end))
            .orElse(published);
    return owing(new Owed(start, start, published, trigger.cause()));
  }

  /**
   * After the job was enqueued as it was owed then. What joined meanwhile may have come too late
   * for it, and is owed for the next window.
   */
  LedgerEntry enqueued(Owed job, Duration cooldown) {
    if (owed.isEmpty() || !owed.get().window().equals(job.window())) {
      return this;
    }
    Owed now = owed.get();
    Instant covers = job.covers();
    Instant end = job.window().plus(cooldown);
    return new LedgerEntry(
        Optional.of(job.window()),
        Optional.of(covered.filter(before -> before.isAfter(covers)).orElse(covers)),
        now.newest().isAfter(covers)
            ? Optional.of(new Owed(end, end, now.newest(), now.cause()))
            : Optional.empty());
  }

  /** Whether a job that was enqueued covers it. */
  boolean isCovered(Trigger trigger) {
    return covered.filter(newest -> !trigger.publishTime().isAfter(newest)).isPresent();
  }

  /** Whether what is recorded as owed already implies it and says all it has to say. */
  boolean owedCovers(Trigger trigger) {
    return owed.filter(
            job ->
                !trigger.publishTime().isAfter(job.covers()) && job.cause().says(trigger.cause()))
        .isPresent();
  }

  private LedgerEntry owing(Owed job) {
    return new LedgerEntry(window, covered, Optional.of(job));
  }
}
