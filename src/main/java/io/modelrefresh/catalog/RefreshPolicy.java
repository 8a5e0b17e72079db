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

  /**
   * Whether a model owes one refresh when the agent starts. A refresh owed with no message to hold
   * (a model or view was added, a pause ended, the subscription was lost for a while, somebody
   * asked for it) is known to no one once the process has died. That replicas agree on what they
   * cover says nothing of it: only a refresh at the start makes good for it.
   */
  public enum OnStart {
    ALWAYS,
    /** Only where the observed watermark cannot be read from the server. */
    IF_UNKNOWN,
    NEVER
  }
}
