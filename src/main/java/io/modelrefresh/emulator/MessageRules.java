package io.modelrefresh.emulator;

import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PubsubMessage;
import java.nio.charset.StandardCharsets;

/**
 * What may be published: the limits of "Pub/Sub quotas and limits" and of {@code PubsubMessage}.
 */
final class MessageRules {

  static final int MAX_REQUEST_BYTES = 10_000_000;
  static final int MAX_MESSAGES = 1_000;
  static final int MAX_ATTRIBUTES = 100;
  static final int MAX_KEY_BYTES = 256;
  static final int MAX_VALUE_BYTES = 1_024;
  static final int MAX_ORDERING_KEY_BYTES = 1_024;

  private MessageRules() {}

  static void check(PublishRequest request) {
    int count = request.getMessagesCount();
    if (count == 0) {
      throw Refusal.invalid("The value for message_count is too small: at least 1 message.");
    }
    if (count > MAX_MESSAGES) {
      throw Refusal.invalid(
          "The value for message_count is too large. You passed "
              + count
              + " in the request, but the maximum value is "
              + MAX_MESSAGES
              + ".");
    }
    // A batch of one is allowed its own envelope: the limit is on what the publisher sent.
    if (request.getSerializedSize() - request.getTopicBytes().size() > MAX_REQUEST_BYTES) {
      throw Refusal.invalid(
          "Request payload size exceeds the limit: " + MAX_REQUEST_BYTES + " bytes.");
    }
    for (int i = 0; i < count; i++) {
      check(request.getMessages(i));
    }
  }

  private static void check(PubsubMessage message) {
    if (message.getData().isEmpty() && message.getAttributesCount() == 0) {
      throw Refusal.invalid(
          "Some messages in the publish request are empty: no data, no attributes.");
    }
    if (tooLong(message.getOrderingKey(), MAX_ORDERING_KEY_BYTES)) {
      throw Refusal.invalid(
          "The ordering key is too long: at most " + MAX_ORDERING_KEY_BYTES + " bytes.");
    }
    if (message.getAttributesCount() == 0) {
      return;
    }
    if (message.getAttributesCount() > MAX_ATTRIBUTES) {
      throw Refusal.invalid("Too many attributes: at most " + MAX_ATTRIBUTES + " a message.");
    }
    message.getAttributesMap().forEach(MessageRules::checkAttribute);
  }

  private static void checkAttribute(String key, String value) {
    // googclient_ is what Google's clients use themselves, for trace context.
    boolean reserved = key.startsWith("goog") && !key.startsWith("googclient_");
    if (key.isEmpty() || reserved || tooLong(key, MAX_KEY_BYTES)) {
      throw Refusal.invalid(
          "Invalid attribute key \""
              + key
              + "\": 1 to "
              + MAX_KEY_BYTES
              + " bytes, not beginning with \"goog\".");
    }
    if (tooLong(value, MAX_VALUE_BYTES)) {
      throw Refusal.invalid(
          "The value of attribute \""
              + key
              + "\" is too long: at most "
              + MAX_VALUE_BYTES
              + " bytes.");
    }
  }

  private static boolean tooLong(String text, int maxBytes) {
    // UTF-8 needs at most three bytes a char, so short texts, nearly all, are never encoded.
    return text.length() * 3 > maxBytes && text.getBytes(StandardCharsets.UTF_8).length > maxBytes;
  }
}
