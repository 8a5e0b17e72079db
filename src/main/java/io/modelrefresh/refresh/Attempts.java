package io.modelrefresh.refresh;

import java.time.Instant;
import java.util.Optional;

/** How a lane's rollouts have gone. Guarded by the lane's lock. */
final class Attempts {

  private int failures;
  private Instant retryAt = Instant.MIN;
  private Optional<String> lastFailure = Optional.empty();
  private Optional<Instant> lastSuccess = Optional.empty();

  /** Rollouts that failed in a row. */
  int failures() {
    return failures;
  }

  /** No rollout starts before this. */
  Instant retryAt() {
    return retryAt;
  }

  boolean mayTry(Instant now) {
    return !retryAt.isAfter(now);
  }

  String lastFailure() {
    return lastFailure.orElse("a failure");
  }

  /** When the model was last refreshed on every replica. */
  Optional<Instant> lastSuccess() {
    return lastSuccess;
  }

  void failed(String reason) {
    failures++;
    lastFailure = Optional.of(reason);
  }

  /** As a whole the rollout was in vain, so the next one has to wait. */
  void backOff(Instant now, Backoff backoff) {
    retryAt = now.plus(backoff.after(failures));
  }

  /** What was in the way may be gone. */
  void tryAtOnce() {
    retryAt = Instant.MIN;
  }

  void succeeded() {
    failures = 0;
    lastFailure = Optional.empty();
    tryAtOnce();
  }

  void refreshed(Instant now) {
    lastSuccess = Optional.of(now);
  }
}
