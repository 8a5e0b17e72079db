package io.modelrefresh.pubsub;

import com.google.pubsub.v1.PubsubMessage;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What Pub/Sub says about a received message.
 *
 * @param messageId the id the server gave at publish time; the same on every redelivery
 * @param publishTime when the server accepted the message
 * @param attributes the publisher's attributes; unmodifiable
 * @param orderingKey the ordering key, if the publisher used one
 * @param deliveryAttempt counted from 1; present only when the subscription has a dead-letter
 *     policy
 * @param subscription full name, {@code projects/P/subscriptions/S}
 */
public record PubSubIncomingMetadata(
    String messageId,
    Instant publishTime,
    Map<String, String> attributes,
    Optional<String> orderingKey,
    OptionalInt deliveryAttempt,
    String subscription) {

  /**
   * @param deliveryAttempt 0 if the server did not say
   */
  static PubSubIncomingMetadata of(
      PubsubMessage message, int deliveryAttempt, String subscription) {
    return new PubSubIncomingMetadata(
        message.getMessageId(),
        Instant.ofEpochSecond(
            message.getPublishTime().getSeconds(), message.getPublishTime().getNanos()),
        message.getAttributesMap(),
        Optional.of(message.getOrderingKey()).filter(key -> !key.isEmpty()),
        deliveryAttempt == 0 ? OptionalInt.empty() : OptionalInt.of(deliveryAttempt),
        subscription);
  }
}
