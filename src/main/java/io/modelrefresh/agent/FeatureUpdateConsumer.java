package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubIncomingMetadata;
import io.modelrefresh.pubsub.PubSubNackMetadata;
import io.modelrefresh.refresh.Arrival;
import io.modelrefresh.refresh.Disposition;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.retraining.Cause;
import io.modelrefresh.retraining.Retraining;
import io.modelrefresh.retraining.Trigger;
import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdate;
import io.modelrefresh.update.FeatureUpdateDecoder;
import io.modelrefresh.update.UndecodableUpdateException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import java.util.List;
import java.util.concurrent.Flow;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.jboss.logging.Logger;

/**
 * Takes every message of the subscription: recognises, decodes, plans, and hands what is planned to
 * the lanes and to retraining, which settle it. Runs on the channel's event loop and never blocks.
 *
 * <table>
 *   <caption>What becomes of a message</caption>
 *   <tr><th>message</th><th>outcome</th><th>settled</th></tr>
 *   <tr><td>received before</td><td>duplicate</td><td>with the first, or acked if that was</td></tr>
 *   <tr><td>not decodable</td><td>poison</td><td>acked once it is on the dead-letter topic</td></tr>
 *   <tr><td>of another event type, or of a view no model consumes</td><td>ignored</td><td>acked</td></tr>
 *   <tr><td>covered by every replica already</td><td>superseded</td><td>acked</td></tr>
 *   <tr><td>any other</td><td>planned</td><td>acked when its effect has happened, the retraining job
 *   it calls for is enqueued or recorded, or a later message that implies the same is held</td></tr>
 * </table>
 */
@ApplicationScoped
public class FeatureUpdateConsumer {

  /** The inbound channel of the subscription. */
  public static final String CHANNEL = "feature-updates";

  private static final Logger LOG = Logger.getLogger(FeatureUpdateConsumer.class);

  private final FeatureUpdateDecoder decoder;
  private final Planner planner;
  private final Lanes lanes;
  private final Retraining retraining;
  private final HeldMessages messages;
  private final UpdateMetrics metrics;
  private final Event<DeadLettered> deadLettered;

  FeatureUpdateConsumer(
      FeatureUpdateDecoder decoder,
      Planner planner,
      Lanes lanes,
      Retraining retraining,
      HeldMessages messages,
      UpdateMetrics metrics,
      Event<DeadLettered> deadLettered) {
    this.decoder = decoder;
    this.planner = planner;
    this.lanes = lanes;
    this.retraining = retraining;
    this.messages = messages;
    this.metrics = metrics;
    this.deadLettered = deadLettered;
  }

  /**
   * Takes the channel as a stream, not message by message: what the framework does around a method
   * for each message costs as much as everything done here.
   */
  @Incoming(CHANNEL)
  Flow.Subscriber<Message<byte[]>> consumer() {
    return new Flow.Subscriber<>() {

      /** How many are received and not settled is bounded by the channel. */
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
      }

      @Override
      public void onNext(Message<byte[]> message) {
        try {
          consume(message);
        } catch (RuntimeException e) {
          LOG.errorf(e, "A message could not be handled, and is delivered again");
          message.nack(e);
        }
      }

      @Override
      public void onError(Throwable failure) {
        LOG.error("No more updates are received: the channel has failed", failure);
      }

      @Override
      public void onComplete() {
        LOG.debug("No more updates are received: the channel has ended");
      }
    };
  }

  private void consume(Message<byte[]> message) {
    PubSubIncomingMetadata received =
        message.getMetadata(PubSubIncomingMetadata.class).orElseThrow();
    MessageDelivery delivery =
        new MessageDelivery(message, received.messageId(), received.publishTime(), metrics);
    metrics.delivered(received);
    if (messages.recognise(received.messageId(), delivery)) {
      metrics.received(UpdateMetrics.Outcome.DUPLICATE);
      return;
    }
    try {
      Decoded decoded =
          decoder.decode(message.getPayload(), received.attributes(), received.publishTime());
      if (decoded instanceof Decoded.Update update) {
        apply(message, update.update(), received, delivery);
      } else {
        metrics.received(UpdateMetrics.Outcome.IGNORED);
        delivery.ack();
      }
    } catch (UndecodableUpdateException poison) {
      deadLetter(message, received, poison);
    }
  }

  private void apply(
      Message<byte[]> delivered,
      FeatureUpdate update,
      PubSubIncomingMetadata received,
      MessageDelivery delivery) {
    List<Decision> plan = planner.plan(update);
    HeldMessage message = messages.hold(received.messageId(), delivery);
    Arrival arrival = Arrival.of(lanes.nextSequence(), received.publishTime(), update, message);
    UpdateMetrics.Outcome outcome = UpdateMetrics.Outcome.IGNORED;
    for (Decision decision : plan) {
      if (decision instanceof Decision.Refresh refresh) {
        outcome = outcome.and(lanes.offer(refresh.model(), arrival));
      } else if (decision instanceof Decision.Retrain retrain) {
        Cause cause =
            Cause.of(
                retrain.reason().detail(),
                received.messageId(),
                TraceParent.of(delivered, received),
                update);
        Trigger trigger = new Trigger(retrain.reason().kind(), received.publishTime(), cause);
        boolean planned = retraining.offer(retrain.model(), trigger, message);
        outcome = outcome.and(planned ? Disposition.PLANNED : Disposition.SUPERSEDED);
      } else if (decision instanceof Decision.Ignore ignored) {
        ignore(update, ignored);
      }
    }
    metrics.received(update.featureView(), outcome);
    message.release();
  }

  private void ignore(FeatureUpdate update, Decision.Ignore ignored) {
    metrics.featureViewDeleted(update.featureView());
    LOG.warnf(
        "Feature view %s was deleted, and model %s consumes it",
        update.featureView(), ignored.model().name());
  }

  private void deadLetter(
      Message<byte[]> message, PubSubIncomingMetadata received, UndecodableUpdateException poison) {
    metrics.received(UpdateMetrics.Outcome.POISON);
    LOG.warnf(
        "Message %s is no feature update and goes to the dead-letter topic: %s",
        received.messageId(), poison.getMessage());
    DeadLettered letter =
        new DeadLettered(received.messageId(), received.publishTime(), poison.getMessage());
    message
        .nack(poison, Metadata.of(PubSubNackMetadata.deadLetter()))
        .thenRun(
            () -> {
              metrics.acked(received.publishTime());
              deadLettered.fire(letter);
            });
  }
}
