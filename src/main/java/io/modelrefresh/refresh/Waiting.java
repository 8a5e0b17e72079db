package io.modelrefresh.refresh;

import io.modelrefresh.catalog.RefreshPolicy;
import java.time.Instant;
import java.util.Optional;

/**
 * What has arrived, or is owed, and waits for the next rollout: until it is quiet for a moment, but
 * not for longer than the policy says. Guarded by the lane's lock.
 */
final class Waiting {

  private Optional<Instant> first = Optional.empty();
  private Instant last = Instant.MIN;

  /** Outlasts the waiting itself: a rollout that fails gives back what it was to cover. */
  private Oldest oldest = Oldest.NONE;

  void add(Instant now) {
    first = first.or(() -> Optional.of(now));
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
    Instant quiet = last.plus(policy.quietPeriod());
    Instant atLast = first.get().plus(policy.maxWait());
    return quiet.isBefore(atLast) ? quiet : atLast;
  }

  /** All of it is in a rollout's hands from now on. */
  Oldest take() {
    Oldest taken = oldest;
    first = Optional.empty();
    oldest = Oldest.NONE;
    return taken;
  }
}
