package io.modelrefresh.refresh;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Delays that double from {@code initial} to {@code limit}, each shortened by up to half at random
 * so that what failed together does not come back together.
 */
public record Backoff(Duration initial, Duration limit, RandomGenerator random) {

  /** The delay after so many failures in a row, at least one. */
  public Duration after(int failures) {
    double full =
        Math.min(limit.toNanos(), initial.toNanos() * Math.pow(2, Math.max(0, failures - 1)));
    return Duration.ofNanos((long) (full * (1 - random.nextDouble() / 2)));
  }
}
