package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubNackMetadata;
import io.modelrefresh.refresh.Delivery;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.jboss.logging.Logger;

/** A message of the inbound channel, as lanes settle it. */
final class MessageDelivery implements Delivery {

  private static final Logger LOG = Logger.getLogger(MessageDelivery.class);

  private final Message<?> message;
  private final String messageId;
  private final Instant publishTime;
  private final UpdateMetrics metrics;

  MessageDelivery(
      Message<?> message, String messageId, Instant publishTime, UpdateMetrics metrics) {
    this.message = message;
    this.messageId = messageId;
    this.publishTime = publishTime;
    this.metrics = metrics;
  }

  @Override
  public void ack() {
    metrics.acked(publishTime);
    logFailure(message.ack(), "ack");
  }

  @Override
  public void nack(String reason) {
    metrics.nacked(publishTime);
    logFailure(message.nack(new RedeliveryWanted(reason)), "nack");
  }

  @Override
  public void supersede() {
    logFailure(
        message.nack(
            new RedeliveryWanted("delivered again"), Metadata.of(PubSubNackMetadata.abandon())),
        "abandonment");
  }

  private void logFailure(CompletionStage<Void> settled, String what) {
    settled.whenComplete(
        (done, failure) -> {
          if (failure != null) {
            LOG.warnf(
                "Message %s: the %s failed, Pub/Sub delivers it again: %s",
                messageId, what, failure.getMessage());
          }
        });
  }

  /** Why a message is nacked, without the cost of a stack trace. */
  private static final class RedeliveryWanted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RedeliveryWanted(String reason) {
      super(reason, null, false, false);
    }
  }
}
