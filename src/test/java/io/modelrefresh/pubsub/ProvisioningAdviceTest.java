package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;
import org.junit.jupiter.api.Test;

class ProvisioningAdviceTest {

  private static final Subscription GOOD =
      Subscription.newBuilder()
          .setName("projects/p/subscriptions/s")
          .setDeadLetterPolicy(DeadLetterPolicy.newBuilder().setMaxDeliveryAttempts(100))
          .setRetryPolicy(
              RetryPolicy.newBuilder().setMinimumBackoff(Duration.newBuilder().setSeconds(10)))
          .build();

  @Test
  void aSubscriptionProvisionedAsAdvisedNeedsNoAdvice() {
    assertThat(ProvisioningAdvice.of(GOOD)).isEmpty();
    assertThat(ProvisioningAdvice.of(GOOD.toBuilder().clearDeadLetterPolicy().build())).isEmpty();
  }

  @Test
  void tooFewDeliveryAttemptsAreNamedWithTheCommandThatMendsThem() {
    Subscription few =
        GOOD.toBuilder()
            .setDeadLetterPolicy(DeadLetterPolicy.newBuilder().setMaxDeliveryAttempts(5))
            .build();

    assertThat(ProvisioningAdvice.of(few))
        .singleElement()
        .asString()
        .contains(
            "after 5 deliveries",
            "gcloud pubsub subscriptions update projects/p/subscriptions/s"
                + " --max-delivery-attempts=100");
  }

  @Test
  void aMissingRetryPolicyIsNamedWithTheCommandThatSetsOne() {
    assertThat(ProvisioningAdvice.of(GOOD.toBuilder().clearRetryPolicy().build()))
        .singleElement()
        .asString()
        .contains("--min-retry-delay=10s --max-retry-delay=600s");
  }
}
