package io.modelrefresh.pubsub.fault;

import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/** The server is told nothing: it delivers the message again when this delivery's lease ends. */
@ApplicationScoped
@Identifier(PubSubFailureHandler.Strategy.ABANDON)
class AbandonStrategy implements PubSubFailureHandler.Factory {

  @Override
  public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
    return (message, reason, metadata, settlement) ->
        Uni.createFrom().completionStage(settlement.abandon());
  }
}
