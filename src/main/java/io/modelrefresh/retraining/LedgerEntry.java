package io.modelrefresh.retraining;

import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is known of one model's retraining for one kind of reason. Decides which window a trigger
 * belongs to, from publish times alone, so that every agent and every redelivery decides alike.
 *
 * <table>
 *   <caption>What becomes of a trigger</caption>
 *   <tr><th>published</th><th>a job is owed</th><th>then</th></tr>
 *   <tr><td>no later than what is covered</td><td>either</td><td>nothing</td></tr>
 *   <tr><td>later, no later than what the owed job will cover</td><td>yes</td><td>the owed job is for
 *   it, too</td></tr>
 *   <tr><td>later than that</td><td>yes</td><td>a job is owed for the window after the owed one's</td></tr>
 *   <tr><td>later, within the cooldown of the last window</td><td>no</td><td>a job is owed for the
 *   window that begins when this one ends</td></tr>
 *   <tr><td>later, after it, or there was none</td><td>no</td><td>a job is owed at once, for a window
 *   that begins with this trigger</td></tr>
 * </table>
 *
 * <p>What an owed job covers never changes once it is recorded: any agent may be creating it, and a
 * job that was created cannot be made to cover what came later.
 *
 * @param window the start of the last window a job was enqueued for
 * @param covered the newest publish time such a job covers
 * @param owed the job that is to be enqueued
 * @param next the job that is to be enqueued after it; only there when one is owed. It is dropped
 *     when the one before turns out to cover all it was recorded for, so every trigger is recorded
 */
record LedgerEntry(
    Optional<Instant> window, Optional<Instant> covered, Optional<Owed> owed, Optional<Owed> next) {

  static final LedgerEntry EMPTY =
      new LedgerEntry(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /** With the trigger taken into account; equal to this when it adds nothing. */
  LedgerEntry with(Trigger trigger, Duration cooldown) {
    Instant published = trigger.publishTime();
    if (isCovered(trigger)) {
      return this;
    }
    if (owed.isEmpty()) {
      return owing(
          Optional.of(
              window
                  .map(last -> last.plus(cooldown))
                  .filter(published::isBefore)
                  .map(end -> new Owed(end, end, published, trigger.cause()))
                  .orElseGet(() -> Owed.atOnce(published, trigger.cause()))),
          next);
    }
    Owed now = owed.get();
    if (!published.isAfter(now.covers())) {
      return owing(Optional.of(now.becauseOf(trigger)), next);
    }
    Instant end = now.window().plus(cooldown);
    Owed after = next.orElseGet(() -> new Owed(end, end, published, trigger.cause()));
    return owing(owed, Optional.of(after.including(trigger)));
  }

  /**
   * After the job was enqueued.
   *
   * @param then this entry as it was read before
   * @param done if the job is certainly new, it was created after that reading, so that it covers
   *     all that was recorded then
   */
  LedgerEntry enqueued(LedgerEntry then, Enqueued done) {
    Owed job = then.owed().orElseThrow();
    if (owed.isEmpty() || !owed.get().window().equals(job.window())) {
      return this;
    }
    Instant itself = done.since().map(job::coversSince).orElseGet(job::covers);
    Instant covers =
        then.next()
            .filter(after -> done.certainlyNew())
            .map(Owed::newest)
            .filter(newest -> newest.isAfter(itself))
            .orElse(itself);
    return new LedgerEntry(
        Optional.of(job.window()),
        Optional.of(covered.filter(before -> before.isAfter(covers)).orElse(covers)),
        next.filter(after -> after.newest().isAfter(covers)),
        Optional.empty());
  }

  /** Whether a job that was enqueued covers it. */
  boolean isCovered(Trigger trigger) {
    return covered.filter(newest -> !trigger.publishTime().isAfter(newest)).isPresent();
  }

  /** Whether what is recorded as owed already implies it and says all it has to say. */
  boolean owedCovers(Trigger trigger) {
    return owed.filter(job -> job.implies(trigger))
        .or(() -> next.filter(job -> job.includes(trigger)))
        .isPresent();
  }

  /** What is to be enqueued. */
  Stream<Owed> jobs() {
    return Stream.concat(owed.stream(), next.stream());
  }

  private LedgerEntry owing(Optional<Owed> now, Optional<Owed> after) {
    return new LedgerEntry(window, covered, now, after);
  }
}
