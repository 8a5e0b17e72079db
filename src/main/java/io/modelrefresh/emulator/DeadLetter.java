package io.modelrefresh.emulator;

import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.Subscription;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * A message as it is published to a dead-letter topic: as it was, with attributes that say where it
 * comes from ("Dead-letter topics" in the Pub/Sub documentation).
 */
final class DeadLetter {

  private static final DateTimeFormatter PUBLISH_TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSxxx").withZone(ZoneOffset.UTC);

  private DeadLetter() {}

  static PubsubMessage of(Delivery delivery, Subscription subscription) {
    String prefix = "CloudPubSubDeadLetterSource";
    String name = subscription.getName();
    return delivery.message.toBuilder()
        .putAttributes(prefix + "DeliveryCount", Integer.toString(delivery.failures))
        .putAttributes(prefix + "Subscription", ResourceNames.shortName(name))
        .putAttributes(prefix + "SubscriptionProject", ResourceNames.project(name))
        .putAttributes(
            prefix + "TopicPublishTime",
            PUBLISH_TIME.format(Instant.ofEpochMilli(delivery.publishedMillis)))
        .build();
  }
}
