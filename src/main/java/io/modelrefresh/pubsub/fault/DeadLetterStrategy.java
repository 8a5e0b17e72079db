package io.modelrefresh.pubsub.fault;

import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.modelrefresh.pubsub.PubSubIncomingMetadata;
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

    private PubsubMessage withCause(PubsubMessage message, Throwable reason) {
      var text = reason.getMessage() == null ? reason.toString() : reason.getMessage();
      return PubsubMessage.newBuilder()
          .setData(message.getData())
          .setOrderingKey(message.getOrderingKey())
          .putAllAttributes(PubSubIncomingMetadata.attributesOf(message))
          .putAttributes("error.class", reason.getClass().getName())
          .putAttributes("error.message", AttributeText.truncated(text))
          .putAttributes("original.subscription", channel.subscription())
          .putAttributes("original.message-id", message.getMessageId())
          .build();
    }
  }
}
