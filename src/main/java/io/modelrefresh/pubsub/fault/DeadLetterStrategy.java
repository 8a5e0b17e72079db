package io.modelrefresh.pubsub.fault;

import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.jboss.logging.Logger;

/**
 * The message goes, as it was, to the channel's {@code dead-letter.topic}, with the cause in its
 * attributes; only when the server has it is the message acknowledged. If publishing fails the
 * message is nacked, so nothing is lost.
 */
@ApplicationScoped
@Identifier(PubSubFailureHandler.Strategy.DEAD_LETTER)
class DeadLetterStrategy implements PubSubFailureHandler.Factory {

  @Override
  public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
    var topic =
        channel
            .deadLetterTopic()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "mp.messaging.incoming.%s.dead-letter.topic: needed by failure-strategy \"dead-letter\""
                            .formatted(channel.name())));
    return new DeadLetter(channel, topic);
  }

  private record DeadLetter(PubSubFailureHandler.Channel channel, String topic)
      implements PubSubFailureHandler {

    /** Pub/Sub's "Quotas and limits": attributes of a message. */
    private static final int MOST_ATTRIBUTES = 100;

    /** Of the 10 MB of a publish request, the topic's name takes some. */
    private static final int MOST_BYTES = 9_999_000;

    private static final Logger LOG = Logger.getLogger(DeadLetterStrategy.class);

    @Override
    public Uni<Void> handle(
        PubsubMessage message, Throwable reason, Metadata metadata, Settlement settlement) {
      return channel
          .publish(topic, withCause(message, reason))
          .onItemOrFailure()
          .transformToUni(
              (id, failure) -> {
                if (failure == null) {
                  channel.deadLettered();
                  return Uni.createFrom().completionStage(settlement.ack());
                }
                LOG.errorf(
                    failure,
                    "channel %s: cannot publish message %s to %s; it is nacked",
                    channel.name(),
                    message.getMessageId(),
                    topic);
                return Uni.createFrom().completionStage(settlement.nack());
              });
    }

    /** The original loses nothing: where it leaves no room for the cause, only the log has that. */
    private PubsubMessage withCause(PubsubMessage message, Throwable reason) {
      var text = reason.getMessage() == null ? reason.toString() : reason.getMessage();
      var letter =
          PubsubMessage.newBuilder()
              .setData(message.getData())
              .setOrderingKey(message.getOrderingKey())
              .putAllAttributes(message.getAttributesMap());
      putIfRoom(letter, "error.message", AttributeText.truncated(text));
      putIfRoom(letter, "original.message-id", message.getMessageId());
      putIfRoom(letter, "original.subscription", channel.subscription());
      putIfRoom(letter, "error.class", reason.getClass().getName());
      return letter.build();
    }

    private static void putIfRoom(PubsubMessage.Builder letter, String name, String value) {
      var longer = letter.clone().putAttributes(name, value);
      if (longer.getAttributesCount() <= MOST_ATTRIBUTES
          && longer.build().getSerializedSize() <= MOST_BYTES) {
        letter.putAttributes(name, value);
      }
    }
  }
}
