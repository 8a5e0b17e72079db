package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubIncomingMetadata;
import io.smallrye.mutiny.Multi;
import io.smallrye.reactive.messaging.PublisherDecorator;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * When each message first came out of the channel, right before the agent takes it: on a machine
 * with other work, long after it was published. Keeps nothing until asked to.
 */
@ApplicationScoped
public class ArrivalTimes implements PublisherDecorator {

  private volatile Optional<Map<String, Instant>> byMessageId = Optional.empty();

  /** Keeps, from now on, the time of each first delivery by message id, in what this returns. */
  Map<String, Instant> keep() {
    Map<String, Instant> kept = new ConcurrentHashMap<>();
    byMessageId = Optional.of(kept);
    return kept;
  }

  @Override
  public Multi<? extends Message<?>> decorate(
      Multi<? extends Message<?>> publisher, List<String> channels, boolean isConnector) {
    return isConnector && channels.contains(FeatureUpdateConsumer.CHANNEL)
        ? publisher.onItem().invoke(this::note)
        : publisher;
  }

  private void note(Message<?> message) {
    byMessageId.ifPresent(
        kept ->
            message
                .getMetadata(PubSubIncomingMetadata.class)
                .ifPresent(received -> kept.putIfAbsent(received.messageId(), Instant.now())));
  }
}
