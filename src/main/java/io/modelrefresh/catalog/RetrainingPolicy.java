package io.modelrefresh.catalog;

import io.modelrefresh.update.Change;
import io.modelrefresh.update.Drift;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * When a model is retrained, how often at most, and where that is asked for.
 *
 * <table>
 *   <caption>Whether an update retrains</caption>
 *   <tr><th>its change is listed</th><th>its drift reaches a threshold</th><th>it retrains for</th></tr>
 *   <tr><td>yes</td><td>either</td><td>its change</td></tr>
 *   <tr><td>no, and it is no delete</td><td>yes</td><td>drift</td></tr>
 *   <tr><td>no, and it is a delete</td><td>either</td><td>nothing</td></tr>
 *   <tr><td>no</td><td>no</td><td>nothing</td></tr>
 * </table>
 *
 * @param changes the kinds of change that always retrain
 * @param cooldown the time from the start of one job's window to that of the next, for each kind of
 *     reason
 * @param queue where jobs are enqueued
 */
public record RetrainingPolicy(
    Set<Change> changes, DriftThresholds driftAtLeast, Duration cooldown, RetrainingTarget queue) {

  public RetrainingPolicy {
    changes = Set.copyOf(changes);
  }

  /** Why the update retrains the model; empty when it does not. One update has one reason. */
  public Optional<RetrainingReason> reasonFor(FeatureUpdate update) {
    if (changes.contains(update.change())) {
      String change = update.change().name();
      return Optional.of(
          new RetrainingReason(
              RetrainingReason.Kind.valueOf(change),
              change.toLowerCase(Locale.ROOT) + " change of " + update.featureView()));
    }
    if (update.change() == Change.DELETE) {
      return Optional.empty();
    }
    return update.drift().flatMap(drift -> drifted(drift, update.featureView()));
  }

  private Optional<RetrainingReason> drifted(Drift drift, String featureView) {
    return driftAtLeast
        .reachedBy(drift)
        .map(
            threshold ->
                new RetrainingReason(
                    RetrainingReason.Kind.DRIFT,
                    "drift of %s, %s %s >= %s"
                        .formatted(featureView, drift.metric(), drift.value(), threshold)));
  }
}
