package io.modelrefresh.pubsub.fault;

import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/** The message is delivered again, when the subscription's retry policy says. */
@ApplicationScoped
@Identifier(PubSubFailureHandler.Strategy.NACK)
class NackStrategy implements PubSubFailureHandler.Factory {

  @Override
  public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
    return (message, reason, metadata, settlement) ->
        Uni.createFrom().completionStage(settlement.nack());
  }
}
