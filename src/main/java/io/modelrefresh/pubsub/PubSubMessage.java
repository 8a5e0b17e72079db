package io.modelrefresh.pubsub;

import io.smallrye.reactive.messaging.providers.locals.ContextAwareMessage;
import io.smallrye.reactive.messaging.providers.locals.LocalContextMetadata;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/**
 * A received message; its metadata holds a {@link PubSubIncomingMetadata}.
 *
 * <p>It is settled exactly once, from any thread: the first {@code ack} or {@code nack} counts, any
 * other is counted as a metric and does nothing. An ack completes at once, because Pub/Sub confirms
 * none; with {@code exactly-once} it completes when the server has confirmed it, and fails when the
 * server refuses or does not answer in time, in which case the message will be delivered again. A
 * nack is handled by the channel's {@link PubSubFailureHandler}, or by the one that {@link
 * PubSubNackMetadata} names.
 */
public final class PubSubMessage<T> implements ContextAwareMessage<T> {

  private final T payload;
  private final PubSubIncomingMetadata received;
  private final LocalContextMetadata context;
  private final Delivery delivery;
  private final FailureHandlers failures;

  PubSubMessage(
      T payload,
      PubSubIncomingMetadata received,
      LocalContextMetadata context,
      Delivery delivery,
      FailureHandlers failures) {
    this.payload = payload;
    this.received = received;
    this.context = context;
    this.delivery = delivery;
    this.failures = failures;
  }

  @Override
  public T getPayload() {
    return payload;
  }

  /** Made anew: most want one of its parts, and ask for that one. */
  @Override
  public Metadata getMetadata() {
    return Metadata.of(received, context);
  }

  @Override
  public <M> Optional<M> getMetadata(Class<? extends M> type) {
    if (type == PubSubIncomingMetadata.class) {
      return Optional.of(type.cast(received));
    }
    return type == LocalContextMetadata.class ? Optional.of(type.cast(context)) : Optional.empty();
  }

  @Override
  public Function<Metadata, CompletionStage<Void>> getAckWithMetadata() {
    return this::ack;
  }

  @Override
  public BiFunction<Throwable, Metadata, CompletionStage<Void>> getNackWithMetadata() {
    return this::nack;
  }

  @Override
  public CompletionStage<Void> ack() {
    return delivery.claim() ? delivery.ack() : Delivery.SETTLED;
  }

  @Override
  public CompletionStage<Void> ack(Metadata ignored) {
    return ack();
  }

  @Override
  public CompletionStage<Void> nack(Throwable reason, Metadata nackMetadata) {
    return delivery.claim() ? failures.handle(delivery, reason, nackMetadata) : Delivery.SETTLED;
  }

  /** The message as it was received. */
  @Override
  public <C> C unwrap(Class<C> type) {
    return type.isInstance(delivery.message())
        ? type.cast(delivery.message())
        : ContextAwareMessage.super.unwrap(type);
  }

  Delivery delivery() {
    return delivery;
  }

  /** The incoming metadata of a message of this connector, however often it was wrapped. */
  static PubSubIncomingMetadata metadataOf(Message<?> message) {
    return message.getMetadata(PubSubIncomingMetadata.class).orElseThrow();
  }
}
