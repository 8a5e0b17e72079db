package io.modelrefresh.pubsub.provisioning;

import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.ProjectTopicName;

/**
 * The topic that is consumed, through its subscription, and where dead letters go and are read
 * again.
 */
public record NeededResources(
    ProjectTopicName topic,
    ProjectSubscriptionName subscription,
    ProjectTopicName deadLetterTopic,
    ProjectSubscriptionName deadLetterSubscription) {

  /**
   * @param project of names that are not full, as {@code projects/P/topics/T} is
   */
  public static NeededResources of(
      String project,
      String topic,
      String subscription,
      String deadLetterTopic,
      String deadLetterSubscription) {
    return new NeededResources(
        topic(project, topic),
        subscription(project, subscription),
        topic(project, deadLetterTopic),
        subscription(project, deadLetterSubscription));
  }

  private static ProjectTopicName topic(String project, String name) {
    return ProjectTopicName.isParsableFrom(name)
        ? ProjectTopicName.parse(name)
        : ProjectTopicName.of(project, name);
  }

  private static ProjectSubscriptionName subscription(String project, String name) {
    return ProjectSubscriptionName.isParsableFrom(name)
        ? ProjectSubscriptionName.parse(name)
        : ProjectSubscriptionName.of(project, name);
  }
}
