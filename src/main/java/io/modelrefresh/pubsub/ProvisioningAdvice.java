package io.modelrefresh.pubsub;

import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.Subscription;
import java.util.ArrayList;
import java.util.List;

/**
 * What about a subscription's settings does not go with messages that are held for long: every nack
 * and every redelivery is a delivery attempt, and only the retry policy delays one.
 */
final class ProvisioningAdvice {

  private static final int DELIVERY_ATTEMPTS = 100;
  private static final long RETRY_SECONDS = 10;

  private ProvisioningAdvice() {}

  /** A sentence for each setting that falls short, with the command that mends it. */
  static List<String> of(Subscription subscription) {
    List<String> advice = new ArrayList<>();
    String update = "gcloud pubsub subscriptions update " + subscription.getName();
    int attempts = subscription.getDeadLetterPolicy().getMaxDeliveryAttempts();
    if (subscription.hasDeadLetterPolicy() && attempts < DELIVERY_ATTEMPTS) {
      advice.add(
          "%s dead-letters a message after %d deliveries, and each redelivery is one; allow %d: %s --max-delivery-attempts=%d"
              .formatted(
                  subscription.getName(), attempts, DELIVERY_ATTEMPTS, update, DELIVERY_ATTEMPTS));
    }
    if (Durations.toSeconds(subscription.getRetryPolicy().getMinimumBackoff()) < RETRY_SECONDS) {
      advice.add(
          "%s redelivers a nacked message at once or soon; let it wait: %s --min-retry-delay=%ds --max-retry-delay=600s"
              .formatted(subscription.getName(), update, RETRY_SECONDS));
    }
    return advice;
  }
}
