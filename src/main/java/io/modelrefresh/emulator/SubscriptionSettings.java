package io.modelrefresh.emulator;

import com.google.protobuf.Duration;
import com.google.pubsub.v1.ExpirationPolicy;
import com.google.pubsub.v1.Subscription;
import java.nio.charset.StandardCharsets;

/** A subscription's settings: checked, and completed with the service's defaults. */
final class SubscriptionSettings {

  private static final int MAX_FILTER_BYTES = 256;
  private static final int MIN_ACK_DEADLINE_SECONDS = 10;
  static final int MAX_ACK_DEADLINE_SECONDS = 600;
  private static final long SECONDS_A_DAY = 86_400;
  private static final Duration RETENTION =
      Duration.newBuilder().setSeconds(7 * SECONDS_A_DAY).build();
  private static final Duration EXPIRATION =
      Duration.newBuilder().setSeconds(31 * SECONDS_A_DAY).build();

  private SubscriptionSettings() {}

  static Subscription complete(Subscription given) {
    if (!given.getPushConfig().getPushEndpoint().isEmpty()
        || given.hasBigqueryConfig()
        || given.hasCloudStorageConfig()) {
      throw Refusal.unsupported("The embedded emulator has pull subscriptions only.");
    }
    if (given.getFilter().getBytes(StandardCharsets.UTF_8).length > MAX_FILTER_BYTES) {
      throw Refusal.invalid("The filter is too long: at most " + MAX_FILTER_BYTES + " bytes.");
    }
    var completed = given.toBuilder().setState(Subscription.State.ACTIVE);
    if (given.getAckDeadlineSeconds() == 0) {
      completed.setAckDeadlineSeconds(MIN_ACK_DEADLINE_SECONDS);
    } else {
      requireAckDeadline(given.getAckDeadlineSeconds());
    }
    if (!given.hasMessageRetentionDuration()) {
      completed.setMessageRetentionDuration(RETENTION);
    }
    if (!given.hasExpirationPolicy()) {
      completed.setExpirationPolicy(ExpirationPolicy.newBuilder().setTtl(EXPIRATION));
    }
    return completed.build();
  }

  static void requireAckDeadline(int seconds) {
    if (seconds < MIN_ACK_DEADLINE_SECONDS || seconds > MAX_ACK_DEADLINE_SECONDS) {
      throw Refusal.invalid(
          "Invalid ack deadline given (ack_deadline=" + seconds + "): 10 to 600 seconds.");
    }
  }
}
