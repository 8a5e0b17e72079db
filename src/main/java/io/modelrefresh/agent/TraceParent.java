package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubIncomingMetadata;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.smallrye.reactive.messaging.TracingMetadata;
import java.util.Optional;
import org.eclipse.microprofile.reactive.messaging.Message;

/** The trace a message belongs to, as W3C Trace Context writes it. */
final class TraceParent {

  private static final String ATTRIBUTE = "googclient_traceparent";

  private TraceParent() {}

  /** Of the span of its receipt, or what its publisher sent along. */
  static Optional<String> of(Message<?> message, PubSubIncomingMetadata received) {
    return TracingMetadata.fromMessage(message)
        .map(TracingMetadata::getCurrentContext)
        .map(context -> Span.fromContext(context).getSpanContext())
        .filter(SpanContext::isValid)
        .map(
            span ->
                "00-%s-%s-%s"
                    .formatted(span.getTraceId(), span.getSpanId(), span.getTraceFlags().asHex()))
        .or(() -> Optional.ofNullable(received.attributes().get(ATTRIBUTE)));
  }
}
