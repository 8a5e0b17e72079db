package io.modelrefresh.pubsub;

import com.google.pubsub.v1.PubsubMessage;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What Pub/Sub says about a received message.
 *
 * @param messageId the id the server gave at publish time; the same on every redelivery
 * @param publishTime when the server accepted the message
 * @param attributes the publisher's attributes
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

  /** Google's client passes the delivery attempt as this attribute, which no publisher sent. */
  private static final String DELIVERY_ATTEMPT = "googclient_deliveryattempt";

  public PubSubIncomingMetadata {
    attributes = Map.copyOf(attributes);
  }

  static PubSubIncomingMetadata of(PubsubMessage message, String subscription) {
    return new PubSubIncomingMetadata(
        message.getMessageId(),
        Instant.ofEpochSecond(
            message.getPublishTime().getSeconds(), message.getPublishTime().getNanos()),
        attributesOf(message),
        Optional.of(message.getOrderingKey()).filter(key -> !key.isEmpty()),
        deliveryAttempt(message),
        subscription);
  }

  static OptionalInt deliveryAttempt(PubsubMessage message) {
    var attempt = message.getAttributesMap().get(DELIVERY_ATTEMPT);
    return attempt == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(attempt));
  }

  /** The attributes the publisher sent: without the one that Google's client adds. */
  public static Map<String, String> attributesOf(PubsubMessage message) {
    if (!message.containsAttributes(DELIVERY_ATTEMPT)) {
      return message.getAttributesMap();
    }
    var attributes = new HashMap<>(message.getAttributesMap());
    attributes.remove(DELIVERY_ATTEMPT);
    return attributes;
  }
}
