package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;
import java.util.Optional;

/**
 * One model's retraining for one kind of reason, as this agent last read or wrote it.
 *
 * @param detail why the job is owed or to be recorded or, if there is none, why the last one was
 *     enqueued, as far as this agent knows
 * @param lastWindow the start of the last window a job was enqueued for
 * @param covered the newest publish time such a job covers
 * @param owedJob the name of the job that is owed
 * @param notBefore when it is due
 * @param problem why it is not enqueued yet though due, or not recorded yet
 */
public record RetrainingStatus(
    Kind kind,
    Optional<String> detail,
    Optional<Instant> lastWindow,
    Optional<Instant> covered,
    Optional<String> owedJob,
    Optional<Instant> notBefore,
    Optional<String> problem) {

  RetrainingStatus orElseBecause(Optional<String> last) {
    return new RetrainingStatus(
        kind, detail.or(() -> last), lastWindow, covered, owedJob, notBefore, problem);
  }
}
