package io.modelrefresh.pubsub.fault;

import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/** The message is given up: logged and acknowledged. */
@ApplicationScoped
@Identifier(PubSubFailureHandler.Strategy.IGNORE)
class IgnoreStrategy implements PubSubFailureHandler.Factory {

  private static final Logger LOG = Logger.getLogger(IgnoreStrategy.class);

  @Override
  public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
    return (message, reason, metadata, settlement) -> {
      LOG.warnf(
          reason,
          "channel %s: message %s was nacked; failure-strategy ignore acknowledges it",
          channel.name(),
          message.getMessageId());
      return Uni.createFrom().completionStage(settlement.ack());
    };
  }
}
