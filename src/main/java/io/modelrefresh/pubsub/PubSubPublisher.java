package io.modelrefresh.pubsub;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Publishes single messages to topics that are no channel. Topic names are short or full. Never
 * blocks; the Uni's item is the message id the server gave, and it fails as Google's client does,
 * which tries again by itself for minutes, so who cannot wait gives up sooner.
 */
@ApplicationScoped
public class PubSubPublisher {

  private final PubSubClients clients;

  PubSubPublisher(PubSubClients clients) {
    this.clients = clients;
  }

  public Uni<String> publish(String topic, byte[] payload, PubSubOutgoingMetadata metadata) {
    return Uni.createFrom()
        .deferred(
            () -> {
              PubsubMessage.Builder message =
                  PubsubMessage.newBuilder()
                      .setData(ByteString.copyFrom(payload))
                      .putAllAttributes(metadata.attributes());
              metadata.orderingKey().ifPresent(message::setOrderingKey);
              return clients.publish(
                  InboundSettings.topic(clients.server().projectId(), topic), message.build());
            })
        .runSubscriptionOn(clients.executor());
  }
}
