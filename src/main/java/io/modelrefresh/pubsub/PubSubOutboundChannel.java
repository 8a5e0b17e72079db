package io.modelrefresh.pubsub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.api.gax.batching.BatchingSettings;
import com.google.cloud.pubsub.v1.Publisher;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.pubsub.tracing.PubSubTracing;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.OutgoingMessageMetadata;
import io.smallrye.reactive.messaging.health.HealthReport.HealthReportBuilder;
import io.smallrye.reactive.messaging.providers.helpers.MultiUtils;
import io.smallrye.reactive.messaging.providers.helpers.SenderProcessor;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.jboss.logging.Logger;

/**
 * One outgoing channel: publishes in batches, acks an outgoing message when the server has it,
 * nacks it when publishing failed for good. Takes no more than {@code max-in-flight-messages} at a
 * time.
 *
 * <p>It is ready whatever happens: were it not, no request would come that could show it is well
 * again.
 */
final class PubSubOutboundChannel {

  private static final Logger LOG = Logger.getLogger(PubSubOutboundChannel.class);

  private final OutboundSettings settings;
  private final PubSubClients clients;
  private final ObjectMapper json;
  private final Optional<PubSubTracing> tracing;
  private final AtomicReference<Optional<Publisher>> built =
      new AtomicReference<>(Optional.empty());
  private final AtomicBoolean building = new AtomicBoolean();
  private final Flow.Subscriber<? extends Message<?>> subscriber;
  private volatile String lastOutcome = "nothing was published yet";

  PubSubOutboundChannel(
      OutboundSettings settings,
      PubSubClients clients,
      ObjectMapper json,
      Optional<PubSubTracing> tracing) {
    this.settings = settings;
    this.clients = clients;
    this.json = json;
    this.tracing = tracing.filter(any -> settings.tracingEnabled());
    build();
    var sender = new SenderProcessor(settings.maxInFlightMessages(), true, this::send);
    this.subscriber =
        MultiUtils.via(
            sender,
            sent ->
                sent.onFailure()
                    .invoke(e -> LOG.errorf(e, "channel %s ended", settings.channel())));
  }

  Flow.Subscriber<? extends Message<?>> subscriber() {
    return subscriber;
  }

  void reportHealth(HealthReportBuilder report) {
    if (settings.healthEnabled()) {
      report.add(settings.channel(), true, lastOutcome);
    }
  }

  void close(Duration timeout) {
    built.getAndSet(Optional.empty()).ifPresent(made -> PubSubClients.close(made, timeout));
  }

  private void customize(Publisher.Builder builder) {
    builder.setBatchingSettings(
        BatchingSettings.newBuilder()
            .setElementCountThreshold(settings.batchSize())
            .setRequestByteThreshold(settings.batchBytes())
            .setDelayThresholdDuration(settings.batchDelay())
            .build());
  }

  private Uni<Void> send(Message<?> message) {
    return Uni.createFrom()
        .deferred(() -> publish(message))
        .onItemOrFailure()
        .transformToUni(
            (id, failure) -> {
              if (failure == null) {
                lastOutcome = "published";
                OutgoingMessageMetadata.setResultOnMessage(message, id);
                return Uni.createFrom().completionStage(message.ack());
              }
              lastOutcome = "the last message was not published: " + failure.getMessage();
              LOG.errorf(
                  failure,
                  "channel %s: cannot publish to %s",
                  settings.channel(),
                  settings.topic());
              return Uni.createFrom().completionStage(message.nack(failure));
            })
        .onFailure()
        .recoverWithUni(
            failure -> {
              // What the sender makes of its own ack or nack must not end the channel.
              LOG.errorf(failure, "channel %s: settling a message failed", settings.channel());
              return Uni.createFrom().voidItem();
            });
  }

  private Uni<String> publish(Message<?> message) {
    var encoded = encode(message);
    var publisher = built.get();
    if (publisher.isPresent()) {
      return clients.publish(publisher.get(), encoded);
    }
    // Not awaited: what is sent meanwhile would overtake what waits.
    clients.executor().execute(this::build);
    return Uni.createFrom().failure(new IllegalStateException("no publisher yet: " + lastOutcome));
  }

  /** Finds credentials, which may block and may fail; tried again by the messages that follow. */
  private void build() {
    if (built.get().isPresent() || !building.compareAndSet(false, true)) {
      return;
    }
    try {
      built.set(Optional.of(clients.newPublisher(settings.topic(), this::customize)));
    } catch (RuntimeException e) {
      lastOutcome = "cannot set up a publisher: " + e.getMessage();
      LOG.errorf(e, "channel %s: cannot set up its publisher", settings.channel());
    } finally {
      building.set(false);
    }
  }

  private PubsubMessage encode(Message<?> message) {
    var data = bytes(message.getPayload());
    var metadata = message.getMetadata(PubSubOutgoingMetadata.class);
    var encoded = PubsubMessage.newBuilder().setData(data);
    metadata.flatMap(PubSubOutgoingMetadata::orderingKey).ifPresent(encoded::setOrderingKey);
    Map<String, String> attributes =
        metadata.map(PubSubOutgoingMetadata::attributes).orElse(Map.of());
    if (tracing.isPresent()) {
      attributes = new HashMap<>(attributes);
      tracing.get().published(message, settings.topic(), attributes, data.size());
    }
    return encoded.putAllAttributes(attributes).build();
  }

  private ByteString bytes(Object payload) {
    if (payload instanceof byte[] bytes) {
      return ByteString.copyFrom(bytes);
    }
    if (payload instanceof String text) {
      return ByteString.copyFromUtf8(text);
    }
    if (payload instanceof JsonObject object) {
      return ByteString.copyFromUtf8(object.encode());
    }
    if (payload instanceof JsonArray array) {
      return ByteString.copyFromUtf8(array.encode());
    }
    try {
      return ByteString.copyFrom(json.writeValueAsBytes(payload));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "cannot write %s as JSON".formatted(payload.getClass().getName()), e);
    }
  }
}
