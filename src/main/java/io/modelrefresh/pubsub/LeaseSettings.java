package io.modelrefresh.pubsub;

import java.time.Duration;

/**
 * How long messages are leased.
 *
 * @param lease of a message just received, and of each extension: 10 to 600 seconds, as the
 *     protocol has it for a stream (google/pubsub/v1/pubsub.proto, stream_ack_deadline_seconds)
 * @param maxAckExtension how long after its receipt a message's lease is extended
 */
record LeaseSettings(Duration lease, Duration maxAckExtension) {

  private static final Duration SHORTEST = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofSeconds(600);

  /** After a kill, what was held comes again when this is over. */
  private static final Duration DEFAULT = Duration.ofSeconds(60);

  static LeaseSettings of(InboundSettings settings) {
    var wanted =
        shorter(
            settings.maxDurationPerAckExtension().orElse(LONGEST),
            longer(settings.minDurationPerAckExtension().orElse(SHORTEST), DEFAULT));
    var useful = shorter(wanted, settings.maxAckExtension());
    return new LeaseSettings(
        shorter(LONGEST, longer(SHORTEST, useful)), settings.maxAckExtension());
  }

  /** In milliseconds since the epoch. */
  long endOfExtensions(Delivery delivery) {
    return delivery.receivedAtMillis() + maxAckExtension.toMillis();
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
