package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Observes lanes, for metrics and audit. Called on whichever thread the event happened, outside the
 * lane's lock; what it throws is logged and changes nothing.
 */
public interface RefreshListener {

  /**
   * A model is refreshed from now on, or, told again, has changed.
   *
   * @param status of its lane, at any time
   */
  default void follows(Model model, Supplier<LaneStatus> status) {}

  /** A model is refreshed no longer. */
  default void forgets(String model) {}

  /** An update joined a rollout that was waiting already. */
  void coalesced(String model);

  /** A rollout ended. */
  void rolledOut(RolloutReport report);

  /**
   * How a rollout ended.
   *
   * @param outcome whether it reached its goal
   * @param duration from its start
   * @param oldestPublishTime of the updates confirmed on all replicas by it; empty when it
   *     confirmed none
   * @param oldestEventTime the same by event time
   * @param failures rollouts that failed in a row, this one included; for one that succeeded, those
   *     before it
   * @param detail why, when it failed
   */
  record RolloutReport(
      String model,
      Outcome outcome,
      Duration duration,
      Instant endedAt,
      Optional<Instant> oldestPublishTime,
      Optional<Instant> oldestEventTime,
      int failures,
      String detail) {}

  /** How a rollout can end. */
  enum Outcome {
    /** Every replica covers what was owed when the rollout started. */
    SUCCESS,
    /** Some replica does not, or the set of replicas is not known. */
    FAILURE,
    /** The model is known to have no replicas: nothing to refresh. */
    NO_REPLICAS
  }
}
