package io.modelrefresh.refresh;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A lane at one moment.
 *
 * @param desiredWatermark the greatest publish time received for the model; empty when none was
 * @param replicas empty until the replicas were first read
 * @param pending what is owed and why it has not happened yet, a sentence each; empty when nothing
 *     is
 * @param pendingSince since when the oldest update owed waits, by publish time
 * @param heldMessages how many messages the lane keeps unacknowledged
 */
public record LaneStatus(
    String model,
    Phase phase,
    Optional<Instant> desiredWatermark,
    List<ReplicaStatus> replicas,
    List<String> pending,
    Optional<Instant> pendingSince,
    int heldMessages,
    int consecutiveFailures,
    boolean failing,
    Optional<Instant> lastSuccess,
    Optional<Duration> objective) {

  /** What a lane is doing. */
  public enum Phase {
    IDLE,
    /** Waiting for a quiet moment. */
    WAITING,
    ROLLING_OUT,
    /** Told not to start a rollout. */
    PAUSED,
    /** Waiting to try again. */
    BACKING_OFF
  }

  /**
   * One replica.
   *
   * @param observedWatermark what its last confirmed load covers; empty when that load was before
   *     any update, or there was none
   * @param lastConfirmed when that load was confirmed
   */
  public record ReplicaStatus(
      String address,
      State state,
      Optional<Instant> observedWatermark,
      Optional<Instant> lastConfirmed,
      Optional<String> lastError,
      Optional<Instant> nextAttempt) {}

  /** Whether a replica covers what its model owes. */
  public enum State {
    FRESH,
    STALE,
    LOADING
  }
}
