package io.modelrefresh.pubsub.tracing;

import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.PubsubMessage;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapSetter;
import io.opentelemetry.instrumentation.api.incubator.semconv.messaging.MessageOperation;
import io.opentelemetry.instrumentation.api.incubator.semconv.messaging.MessagingAttributesExtractor;
import io.opentelemetry.instrumentation.api.incubator.semconv.messaging.MessagingAttributesGetter;
import io.opentelemetry.instrumentation.api.incubator.semconv.messaging.MessagingSpanNameExtractor;
import io.opentelemetry.instrumentation.api.instrumenter.Instrumenter;
import io.opentelemetry.instrumentation.api.instrumenter.InstrumenterBuilder;
import io.smallrye.reactive.messaging.tracing.TracingUtils;
import java.util.Map;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Spans for messages received and published. W3C trace context travels in the attributes {@code
 * googclient_traceparent} and {@code googclient_tracestate}, as with Google's clients.
 */
public final class PubSubTracing {

  private static final String PREFIX = "googclient_";
  private static final String SCOPE = "io.modelrefresh.pubsub";

  /** A message on its way: where, which, and the attributes that carry the context. */
  record Traced(String destination, String messageId, Map<String, String> attributes, long size) {}

  private final Instrumenter<Traced, Void> consumer;
  private final Instrumenter<Traced, Void> producer;

  public PubSubTracing(OpenTelemetry openTelemetry) {
    consumer =
        instrumenter(openTelemetry, MessageOperation.RECEIVE)
            .buildConsumerInstrumenter(new FromAttributes());
    producer =
        instrumenter(openTelemetry, MessageOperation.PUBLISH)
            .buildProducerInstrumenter(new ToAttributes());
  }

  /** Starts and ends the span of a receipt; the returned message carries its context. */
  public Message<?> received(
      Message<?> message, PubsubMessage raw, ProjectSubscriptionName subscription) {
    return TracingUtils.traceIncoming(
        consumer,
        message,
        new Traced(
            subscription.getSubscription(),
            raw.getMessageId(),
            raw.getAttributesMap(),
            raw.getData().size()));
  }

  /**
   * Starts and ends the span of a publication, and adds its context to the attributes.
   *
   * @param attributes modifiable
   */
  public void published(
      Message<?> message, String topic, Map<String, String> attributes, long size) {
    TracingUtils.traceOutgoing(producer, message, new Traced(topic, "", attributes, size));
  }

  private static InstrumenterBuilder<Traced, Void> instrumenter(
      OpenTelemetry openTelemetry, MessageOperation operation) {
    var getter = new Getter();
    return Instrumenter.<Traced, Void>builder(
            openTelemetry, SCOPE, MessagingSpanNameExtractor.create(getter, operation))
        .addAttributesExtractor(MessagingAttributesExtractor.create(getter, operation));
  }

  private static final class FromAttributes implements TextMapGetter<Traced> {
    @Override
    public Iterable<String> keys(Traced carrier) {
      return carrier.attributes().keySet().stream()
          .filter(key -> key.startsWith(PREFIX))
          .map(key -> key.substring(PREFIX.length()))
          .toList();
    }

    @Override
    public String get(Traced carrier, String key) {
      return carrier == null ? null : carrier.attributes().get(PREFIX + key);
    }
  }

  private static final class ToAttributes implements TextMapSetter<Traced> {
    @Override
    public void set(Traced carrier, String key, String value) {
      if (carrier != null) {
        carrier.attributes().put(PREFIX + key, value);
      }
    }
  }

  /** OpenTelemetry's interface: null means unknown. */
  private static final class Getter implements MessagingAttributesGetter<Traced, Void> {
    @Override
    public String getSystem(Traced traced) {
      return "gcp_pubsub";
    }

    @Override
    public String getDestination(Traced traced) {
      return traced.destination();
    }

    @Override
    public String getDestinationTemplate(Traced traced) {
      return null;
    }

    @Override
    public boolean isTemporaryDestination(Traced traced) {
      return false;
    }

    @Override
    public boolean isAnonymousDestination(Traced traced) {
      return false;
    }

    @Override
    public String getConversationId(Traced traced) {
      return null;
    }

    @Override
    public Long getMessageBodySize(Traced traced) {
      return traced.size();
    }

    @Override
    public Long getMessageEnvelopeSize(Traced traced) {
      return null;
    }

    @Override
    public String getMessageId(Traced traced, Void response) {
      return traced.messageId().isEmpty() ? null : traced.messageId();
    }

    @Override
    public String getClientId(Traced traced) {
      return null;
    }

    @Override
    public Long getBatchMessageCount(Traced traced, Void response) {
      return null;
    }
  }
}
