package io.modelrefresh.pubsub.provisioning;

import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.ProjectTopicName;
import java.util.Optional;

/**
 * A topic or subscription that is needed, and the one permission on it.
 *
 * @param kind {@code topic} or {@code subscription}
 * @param verb what is done with it
 * @param purpose what for
 * @param create the command that creates it
 */
record Need(
    String kind,
    String project,
    String id,
    String fullName,
    String permission,
    String role,
    String verb,
    String purpose,
    String create,
    boolean mustExist,
    boolean mustBePermitted) {

  static Need ofTopic(ProjectTopicName name, String purpose) {
    return new Need(
        "topic",
        name.getProject(),
        name.getTopic(),
        name.toString(),
        "pubsub.topics.publish",
        "roles/pubsub.publisher",
        "publish to",
        purpose,
        "gcloud pubsub topics create %s --project=%s".formatted(name.getTopic(), name.getProject()),
        true,
        true);
  }

  /**
   * @param options of the command that creates it, each after a space
   */
  static Need ofSubscription(
      ProjectSubscriptionName name, ProjectTopicName topic, String purpose, String options) {
    return new Need(
        "subscription",
        name.getProject(),
        name.getSubscription(),
        name.toString(),
        "pubsub.subscriptions.consume",
        "roles/pubsub.subscriber",
        "consume",
        purpose,
        "gcloud pubsub subscriptions create %s --project=%s --topic=%s --ack-deadline=60 --expiration-period=never%s"
            .formatted(name.getSubscription(), name.getProject(), topic, options),
        true,
        true);
  }

  Need optionalPermission() {
    return with(mustExist, false);
  }

  Need optional() {
    return with(false, false);
  }

  private Need with(boolean existence, boolean permitted) {
    return new Need(
        kind, project, id, fullName, permission, role, verb, purpose, create, existence, permitted);
  }

  Optional<Shortcoming> shortcoming(Provisioner server) {
    Existence existence =
        kind.equals("topic") ? server.ofTopic(fullName) : server.ofSubscription(fullName);
    String what = kind + " " + fullName;
    if (existence == Existence.MISSING) {
      return Optional.of(
          new Shortcoming(
              id,
              mustExist,
              "%s does not exist, needed %s; create it: %s".formatted(what, purpose, create)));
    }
    if (server.permits(fullName, permission)) {
      return Optional.empty();
    }
    String grant =
        "gcloud pubsub %ss add-iam-policy-binding %s --project=%s --member=serviceAccount:ACCOUNT --role=%s"
            .formatted(kind, id, project, role);
    return Optional.of(
        new Shortcoming(
            id,
            mustBePermitted,
            existence == Existence.THERE
                ? "not allowed to %s %s, needed %s; grant it: %s"
                    .formatted(verb, what, purpose, grant)
                : "%s does not exist, or may not be used, needed %s; create it: %s, or grant it: %s"
                    .formatted(what, purpose, create, grant)));
  }
}
