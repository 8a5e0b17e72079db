package io.modelrefresh.pubsub;

import com.google.api.gax.rpc.ApiException;
import com.google.pubsub.v1.ProjectSubscriptionName;
import io.grpc.Status;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/**
 * Why a subscription cannot be consumed, and what an operator can do about it.
 *
 * @param code a gRPC status code's name, or {@code CREDENTIALS} if there are none
 * @param text for the log and the health check
 */
record Remedy(String code, String text) {

  /** The codes after which Google's own clients go on by themselves. */
  private static final Set<String> PASSING =
      Set.of(
          "OK",
          "ABORTED",
          "CANCELLED",
          "DEADLINE_EXCEEDED",
          "INTERNAL",
          "RESOURCE_EXHAUSTED",
          "UNAVAILABLE");

  static Remedy of(
      Throwable failure, ProjectSubscriptionName subscription, Optional<String> topic) {
    var code = code(failure);
    var project = subscription.getProject();
    var name = subscription.getSubscription();
    var text =
        switch (code) {
          case "NOT_FOUND" ->
              "subscription %s does not exist; create it: gcloud pubsub subscriptions create %s --topic=%s --project=%s"
                  .formatted(subscription, name, topic.orElse("TOPIC"), project);
          case "PERMISSION_DENIED" ->
              ("not allowed to consume %s; grant it: gcloud pubsub subscriptions"
                      + " add-iam-policy-binding %s --project=%s"
                      + " --member=serviceAccount:ACCOUNT --role=roles/pubsub.subscriber")
                  .formatted(subscription, name, project);
          case "UNAUTHENTICATED", "CREDENTIALS" ->
              ("no valid credentials for %s; set GOOGLE_APPLICATION_CREDENTIALS, use workload"
                      + " identity, or run: gcloud auth application-default login (%s)")
                  .formatted(subscription, failure.getMessage());
          case "UNAVAILABLE", "DEADLINE_EXCEEDED" ->
              "the Pub/Sub server cannot be reached for %s (%s)"
                  .formatted(subscription, failure.getMessage());
          default ->
              "cannot consume %s: %s: %s".formatted(subscription, code, failure.getMessage());
        };
    return new Remedy(code, text);
  }

  /** Whether such a failure comes and goes, and says nothing about the subscription. */
  static boolean passes(Throwable failure) {
    return PASSING.contains(code(failure));
  }

  /**
   * Whether somebody has to do something about it, so that what is published until the stream opens
   * again may be lost to the subscription.
   */
  boolean isTerminal() {
    return !PASSING.contains(code);
  }

  private static String code(Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ApiException api) {
        return api.getStatusCode().getCode().name();
      }
    }
    var status = Status.fromThrowable(failure).getCode();
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (status == Status.Code.UNKNOWN && cause instanceof IOException) {
        return "CREDENTIALS";
      }
    }
    return status.name();
  }
}
