package io.modelrefresh.emulator;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;

/**
 * What a subscription does with a message that failed, as its settings say ("Handle message
 * failures" in the Pub/Sub documentation): when it is sent again, and after how many failures it
 * goes to the dead-letter topic.
 *
 * @param deadLetterTopic empty without a dead-letter policy
 */
record RedeliveryPolicy(
    boolean backsOff, long minMillis, long maxMillis, String deadLetterTopic, int maxAttempts) {

  private static final int DEFAULT_ATTEMPTS = 5;
  private static final long DEFAULT_MIN_MILLIS = 10_000;
  private static final long LIMIT_MILLIS = 600_000;

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT naming the setting that is out of
   *     bounds
   */
  static RedeliveryPolicy of(Subscription subscription) {
    RetryPolicy retry = subscription.getRetryPolicy();
    long min =
        retry.hasMinimumBackoff()
            ? millis("minimum_backoff", retry.getMinimumBackoff())
            : DEFAULT_MIN_MILLIS;
    long max =
        retry.hasMaximumBackoff()
            ? millis("maximum_backoff", retry.getMaximumBackoff())
            : LIMIT_MILLIS;
    if (min > max) {
      throw Refusal.invalid("retry_policy.minimum_backoff must not exceed maximum_backoff.");
    }
    var deadLetter = subscription.getDeadLetterPolicy();
    int attempts = deadLetter.getMaxDeliveryAttempts();
    if (subscription.hasDeadLetterPolicy()) {
      ResourceNames.requireTopic(deadLetter.getDeadLetterTopic());
      if (attempts != 0 && (attempts < 5 || attempts > 100)) {
        throw Refusal.invalid(
            "dead_letter_policy.max_delivery_attempts must be 5 to 100, got " + attempts + ".");
      }
    }
    return new RedeliveryPolicy(
        subscription.hasRetryPolicy(),
        min,
        max,
        deadLetter.getDeadLetterTopic(),
        attempts == 0 ? DEFAULT_ATTEMPTS : attempts);
  }

  boolean countsAttempts() {
    return !deadLetterTopic.isEmpty();
  }

  boolean givesUpAfter(int failures) {
    return countsAttempts() && failures >= maxAttempts;
  }

  /** Doubles with each failure of the message, from the minimum to the maximum. */
  long backoffMillis(int failures) {
    if (!backsOff) {
      return 0;
    }
    int doublings = Math.min(failures - 1, 20); // 2^20 ms is beyond the limit of any setting
    return Math.min(maxMillis, minMillis << doublings);
  }

  private static long millis(String setting, Duration duration) {
    long millis = Durations.toMillis(duration);
    if (millis < 0 || millis > LIMIT_MILLIS) {
      throw Refusal.invalid("retry_policy." + setting + " must be 0 to 600 seconds.");
    }
    return millis;
  }
}
