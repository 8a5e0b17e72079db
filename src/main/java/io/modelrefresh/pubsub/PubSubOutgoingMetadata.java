package io.modelrefresh.pubsub;

import java.util.Map;
import java.util.Optional;

/**
 * How an outgoing message is to be published. To learn the id the server gave it, add SmallRye's
 * {@code OutgoingMessageMetadata<String>} to the message too: its result is set before the message
 * is acknowledged.
 *
 * @param attributes the message's attributes
 * @param orderingKey messages of one key are delivered in the order they were sent
 */
public record PubSubOutgoingMetadata(Map<String, String> attributes, Optional<String> orderingKey) {

  public PubSubOutgoingMetadata {
    attributes = Map.copyOf(attributes);
  }

  public static PubSubOutgoingMetadata of(Map<String, String> attributes) {
    return new PubSubOutgoingMetadata(attributes, Optional.empty());
  }

  public PubSubOutgoingMetadata withOrderingKey(String key) {
    return new PubSubOutgoingMetadata(attributes, Optional.of(key));
  }
}
