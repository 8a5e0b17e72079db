package io.modelrefresh.pubsub.fault;

import io.modelrefresh.pubsub.PubSubFailureHandler;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/** The message is nacked and the channel ends with the failure. */
@ApplicationScoped
@Identifier(PubSubFailureHandler.Strategy.FAIL)
class FailStrategy implements PubSubFailureHandler.Factory {

  @Override
  public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
    return (message, reason, metadata, settlement) ->
        Uni.createFrom().completionStage(settlement.nack()).eventually(() -> channel.fail(reason));
  }
}
