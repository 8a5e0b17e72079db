package io.modelrefresh.refresh;

import io.modelrefresh.catalog.RefreshPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * What has arrived, or is owed, and waits for the next rollout: until it is quiet for a moment, but
 * not for longer than the policy says. Guarded by the lane's lock.
 *
 * <p>Each wait ends at a moment of its own within a leeway, so that a thousand models that are owed
 * the same in one moment, by an update of a view they share, by the agent's start or after an
 * outage, do not all read their replicas and ask for a turn to load at once. Too little to be
 * noticed: an update's quiet period is drawn out by a fifth at most, 50 ms by default, and a wait
 * that would last until the maximum ends as much before it, never after. What no update waits for
 * is not as urgent, and has up to a second. How many then load at once is not for this to bound:
 * see {@link io.modelrefresh.serving.LoadLimit}.
 */
final class Waiting {

  private static final int LEEWAY_OF_QUIET_PERIOD = 5;
  private static final Duration MOST_LEEWAY = Duration.ofSeconds(1);

  private final DoubleSupplier jitter;

  /** The part of the leeway that this wait takes. */
  private double taken;

  private Optional<Instant> first = Optional.empty();
  private Instant last = Instant.MIN;

  /** Outlasts the waiting itself: a rollout that fails gives back what it was to cover. */
  private Oldest oldest = Oldest.NONE;

  Waiting(DoubleSupplier jitter) {
    this.jitter = jitter;
  }

  void add(Instant now) {
    if (first.isEmpty()) {
      first = Optional.of(now);
      taken = jitter.getAsDouble();
    }
    last = now;
  }

  void add(Oldest updates) {
    oldest = oldest.with(updates);
  }

  boolean isEmpty() {
    return first.isEmpty();
  }

  /** Since when something waits. */
  Optional<Instant> since() {
    return first;
  }

  /** The oldest of the updates that wait. */
  Oldest oldest() {
    return oldest;
  }

  /** When the next rollout is due for what waits; {@link Instant#MAX} when nothing does. */
  Instant due(RefreshPolicy policy) {
    if (first.isEmpty()) {
      return Instant.MAX;
    }
    Duration ofIts = Duration.ofNanos((long) (leeway(policy).toNanos() * taken));
    Instant quiet = last.plus(policy.quietPeriod()).plus(ofIts);
    Instant atLast = first.get().plus(policy.maxWait()).minus(ofIts);
    return quiet.isBefore(atLast) ? quiet : atLast;
  }

  /** At most half of what the quiet period leaves of the maximum, which is taken off both ends. */
  private Duration leeway(RefreshPolicy policy) {
    Duration half = policy.maxWait().minus(policy.quietPeriod()).dividedBy(2);
    Duration urgent =
        oldest.publishTime().isPresent()
            ? policy.quietPeriod().dividedBy(LEEWAY_OF_QUIET_PERIOD)
            : MOST_LEEWAY;
    return shorter(MOST_LEEWAY, shorter(half, urgent));
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** All of it is in a rollout's hands from now on. */
  Oldest take() {
    Oldest taken = oldest;
    first = Optional.empty();
    oldest = Oldest.NONE;
    return taken;
  }
}
