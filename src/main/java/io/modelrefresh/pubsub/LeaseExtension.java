package io.modelrefresh.pubsub;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Keeps the leases of messages that are not settled in time: at half of its lease a message's is
 * extended, until {@code max-ack-extension} after its receipt. What is settled sooner costs
 * nothing. Runs on one thread at a time.
 */
final class LeaseExtension {

  /** How often the outstanding messages are looked at; a lease lasts ten times as long at least. */
  static final Duration INTERVAL = Duration.ofSeconds(1);

  private final OutstandingMessages outstanding;
  private final LeaseSettings settings;
  private final Clock clock;
  private final BiConsumer<List<String>, Duration> extend;

  /**
   * @param extend asks the server to wait that long, from now, before it delivers these ack ids
   *     again
   */
  LeaseExtension(
      OutstandingMessages outstanding,
      LeaseSettings settings,
      Clock clock,
      BiConsumer<List<String>, Duration> extend) {
    this.outstanding = outstanding;
    this.settings = settings;
    this.clock = clock;
    this.extend = extend;
  }

  /** Extends what is due, and gives back the permits of what may not be extended any more. */
  void run() {
    var now = clock.millis();
    Map<Duration, List<String>> due = new HashMap<>();
    for (var delivery : outstanding.leased()) {
      var left = Duration.ofMillis(settings.endOfExtensions(delivery) - now);
      if (left.isNegative() || left.isZero()) {
        outstanding.lapse(delivery);
      } else if (isDue(delivery, now)) {
        var lease = settings.lease().compareTo(left) < 0 ? settings.lease() : left;
        delivery.leasedUntil(now + lease.toMillis());
        due.computeIfAbsent(wholeSeconds(lease), seconds -> new ArrayList<>())
            .add(delivery.ackId());
      }
    }
    due.forEach((lease, ackIds) -> extend.accept(ackIds, lease));
  }

  private boolean isDue(Delivery delivery, long now) {
    return delivery.leasedUntilMillis() < settings.endOfExtensions(delivery)
        && delivery.leasedUntilMillis() - now <= settings.lease().toMillis() / 2;
  }

  private static Duration wholeSeconds(Duration lease) {
    return Duration.ofSeconds(Math.max(1, lease.toSeconds()));
  }
}
