package io.modelrefresh.pubsub;

import io.smallrye.mutiny.Uni;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.jboss.logging.Logger;

/** Finds the handler of a nack: the one its metadata names, else the channel's. */
final class FailureHandlers {

  private static final Logger LOG = Logger.getLogger(FailureHandlers.class);

  private final Map<String, PubSubFailureHandler> handlers = new ConcurrentHashMap<>();
  private final String channel;
  private final String strategy;
  private final Function<String, PubSubFailureHandler> create;

  /**
   * @param create makes the handler of a name; throws {@link IllegalArgumentException} if the name
   *     is unknown or the channel lacks what the handler needs
   */
  FailureHandlers(String channel, String strategy, Function<String, PubSubFailureHandler> create) {
    this.channel = channel;
    this.strategy = strategy;
    this.create = create;
    handlers.put(strategy, create.apply(strategy));
  }

  CompletionStage<Void> handle(Delivery delivery, Throwable reason, Metadata metadata) {
    var settlement =
        new PubSubFailureHandler.Settlement() {
          @Override
          public CompletionStage<Void> ack() {
            return delivery.ack();
          }

          @Override
          public CompletionStage<Void> nack() {
            return delivery.nack();
          }

          @Override
          public CompletionStage<Void> abandon() {
            return delivery.abandon();
          }
        };
    Uni<Void> handled;
    try {
      handled = handler(metadata).handle(delivery.message(), reason, metadata, settlement);
    } catch (RuntimeException e) {
      handled = Uni.createFrom().failure(e);
    }
    // A handler that fails must not lose the message.
    return handled
        .onFailure()
        .call(
            failure -> {
              LOG.errorf(
                  failure,
                  "channel %s: handling the nack of message %s failed; it is nacked",
                  channel,
                  delivery.message().getMessageId());
              return Uni.createFrom().completionStage(delivery.nack());
            })
        .subscribeAsCompletionStage();
  }

  private PubSubFailureHandler handler(Metadata metadata) {
    var wanted =
        metadata == null
            ? strategy
            : metadata
                .get(PubSubNackMetadata.class)
                .map(PubSubNackMetadata::strategy)
                .orElse(strategy);
    return handlers.computeIfAbsent(wanted, create);
  }
}
