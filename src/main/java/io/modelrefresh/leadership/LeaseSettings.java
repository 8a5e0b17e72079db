package io.modelrefresh.leadership;

import java.time.Duration;

/**
 * The lease agents compete for.
 *
 * @param identity what this agent calls itself, different from every other agent
 * @param duration how long a holder that is silent keeps it
 */
public record LeaseSettings(String namespace, String name, String identity, Duration duration) {

  /** How often it is renewed, or asked for: often enough to miss some. */
  Duration retryPeriod() {
    return duration.dividedBy(8);
  }

  /** How long renewing may fail before the election begins anew. */
  Duration renewDeadline() {
    return duration.multipliedBy(5).dividedBy(8);
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
