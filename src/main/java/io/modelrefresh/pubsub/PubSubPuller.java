package io.modelrefresh.pubsub;

import com.google.api.gax.rpc.DeadlineExceededException;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.PullResponse;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/**
 * Single pulls, for jobs that take a few messages and end, such as the replay of dead letters. What
 * is pulled and neither acked nor released comes back when the subscription's ack deadline is over.
 *
 * <p>Subscription names are short or full. Never blocks; the Unis complete on a connector thread
 * and fail with Google's {@code ApiException} as the server does, after a few seconds at the
 * latest; nothing is retried.
 */
@ApplicationScoped
public class PubSubPuller {

  /** One message, leased until the subscription's ack deadline is over. */
  public record PulledMessage(String ackId, byte[] payload, PubSubIncomingMetadata metadata) {}

  private final PubSubClients clients;

  PubSubPuller(PubSubClients clients) {
    this.clients = clients;
  }

  /** What is there now, at most {@code max}; an empty list does not prove that nothing is left. */
  public Uni<List<PulledMessage>> pull(String subscription, int max) {
    return call(() -> {
          var request =
              PullRequest.newBuilder()
                  .setSubscription(fullName(subscription))
                  .setMaxMessages(max)
                  .build();
          return PubSubClients.uni(() -> clients.stub().pullCallable().futureCall(request));
        })
        // A pull waits for messages, so that one of an empty subscription ends by its time limit.
        .onFailure(DeadlineExceededException.class)
        .recoverWithItem(PullResponse.getDefaultInstance())
        .map(
            response ->
                response.getReceivedMessagesList().stream()
                    .map(
                        received ->
                            new PulledMessage(
                                received.getAckId(),
                                received.getMessage().getData().toByteArray(),
                                PubSubIncomingMetadata.of(
                                    received.getMessage(),
                                    received.getDeliveryAttempt(),
                                    fullName(subscription))))
                    .toList());
  }

  /** Done with these: they do not come back. */
  public Uni<Void> ack(String subscription, Collection<String> ackIds) {
    return call(() -> {
          var request =
              AcknowledgeRequest.newBuilder()
                  .setSubscription(fullName(subscription))
                  .addAllAckIds(ackIds)
                  .build();
          return PubSubClients.uni(() -> clients.stub().acknowledgeCallable().futureCall(request));
        })
        .replaceWithVoid();
  }

  /** Gives these back: they may be pulled again at once. */
  public Uni<Void> release(String subscription, Collection<String> ackIds) {
    return call(() -> {
          var request =
              ModifyAckDeadlineRequest.newBuilder()
                  .setSubscription(fullName(subscription))
                  .addAllAckIds(ackIds)
                  .setAckDeadlineSeconds(0)
                  .build();
          return PubSubClients.uni(
              () -> clients.stub().modifyAckDeadlineCallable().futureCall(request));
        })
        .replaceWithVoid();
  }

  private String fullName(String subscription) {
    return InboundSettings.subscription(clients.server().projectId(), subscription).toString();
  }

  /** The first call finds credentials, which may block. */
  private <T> Uni<T> call(Supplier<Uni<T>> request) {
    return Uni.createFrom().deferred(request::get).runSubscriptionOn(clients.executor());
  }
}
