package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.pubsub.PubSubIncomingMetadata;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.smallrye.reactive.messaging.TracingMetadata;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.junit.jupiter.api.Test;

class TraceParentTest {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SENT = "00-" + TRACE + "-00f067aa0ba902b7-01";

  @Test
  void withTracingItIsTheSpanOfTheReceipt() {
    SpanContext span =
        SpanContext.create(
            TRACE, "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());
    Context context = Context.root().with(Span.wrap(span));

    assertThat(TraceParent.of(traced(context), received(Map.of("googclient_traceparent", SENT))))
        .contains("00-" + TRACE + "-b7ad6b7169203331-01");
  }

  @Test
  void withoutTracingItIsWhatThePublisherSent() {
    assertThat(
            TraceParent.of(Message.of("update"), received(Map.of("googclient_traceparent", SENT))))
        .contains(SENT);
  }

  @Test
  void aReceiptThatIsNotTracedLeavesWhatThePublisherSent() {
    assertThat(
            TraceParent.of(
                traced(Context.root()), received(Map.of("googclient_traceparent", SENT))))
        .contains(SENT);
  }

  @Test
  void withNeitherThereIsNone() {
    assertThat(TraceParent.of(Message.of("update"), received(Map.of()))).isEmpty();
  }

  private static Message<String> traced(Context context) {
    return Message.of("update").addMetadata(TracingMetadata.withCurrent(context));
  }

  private static PubSubIncomingMetadata received(Map<String, String> attributes) {
    return new PubSubIncomingMetadata(
        "id", Instant.EPOCH, attributes, Optional.empty(), OptionalInt.empty(), "subscription");
  }
}
