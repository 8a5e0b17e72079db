package io.modelrefresh.catalog;

import java.time.Duration;
import java.util.Optional;

/**
 * How a model is refreshed.
 *
 * @param quietPeriod how long no update must arrive before a rollout starts
 * @param maxWait how long a rollout waits at most for that quiet, from the first update
 * @param maxUnavailable how many replicas may load at once
 * @param maxAttempts consecutive failed rollouts after which the model counts as failing; it is
 *     retried all the same
 * @param onStart whether the model owes a refresh when the agent starts
 * @param objective the propagation a user wants: publish to last replica confirmed
 */
public record RefreshPolicy(
    Duration quietPeriod,
    Duration maxWait,
    MaxUnavailable maxUnavailable,
    int maxAttempts,
    OnStart onStart,
    Optional<Duration> objective) {

  /** Whether a model owes one refresh when the agent starts. */
  public enum OnStart {
    /** Only where the observed watermark cannot be read from the server. */
    IF_UNKNOWN,
    ALWAYS,
    NEVER
  }
}
