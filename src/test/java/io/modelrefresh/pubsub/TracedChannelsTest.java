package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.pubsub.tracing.PubSubTracing;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.smallrye.reactive.messaging.TracingMetadata;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TracedChannelsTest extends PubSubTestBase {

  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String SPAN = "b7ad6b7169203331";

  private final List<SpanData> spans = new CopyOnWriteArrayList<>();

  @BeforeEach
  void trace() {
    tracing =
        Optional.of(
            new PubSubTracing(
                OpenTelemetrySdk.builder()
                    .setPropagators(
                        ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
                    .setTracerProvider(
                        SdkTracerProvider.builder()
                            .addSpanProcessor(SimpleSpanProcessor.create(new Keeper()))
                            .build())
                    .build()));
  }

  @Test
  void a_received_message_continues_the_trace_in_its_attributes() {
    var id =
        publish("hello", "", Map.of("googclient_traceparent", "00-" + TRACE + "-" + SPAN + "-01"));
    var consumer = consume(channel(Map.of())).request(9);

    var message = consumer.message(0);

    await().until(() -> spans.size() == 1);
    assertThat(spans.get(0).getKind()).isEqualTo(SpanKind.CONSUMER);
    assertThat(spans.get(0).getTraceId()).isEqualTo(TRACE);
    assertThat(spans.get(0).getParentSpanId()).isEqualTo(SPAN);
    assertThat(spans.get(0).getName()).isEqualTo("updates-sub receive");
    assertThat(spans.get(0).getAttributes().asMap().toString()).contains(id);
    assertThat(TracingMetadata.fromMessage(message)).isPresent();
    message.ack();
    await().until(() -> onServer().backlog() == 0);
  }

  @Test
  @SuppressWarnings("unchecked")
  void a_published_message_carries_its_trace_to_the_receiver() {
    var consumer = consume(channel(Map.of())).request(9);
    var upstream = new SubmissionPublisher<Message<?>>();
    upstream.subscribe((Flow.Subscriber<Message<?>>) outbound(Map.of()).subscriber());

    upstream.submit(Message.of("hello"));

    var traceparent =
        PubSubMessage.metadataOf(consumer.message(0)).attributes().get("googclient_traceparent");
    await().until(() -> spans.size() == 2);
    var sent = spans.stream().filter(one -> one.getKind() == SpanKind.PRODUCER).findFirst().get();
    assertThat(traceparent).contains(sent.getTraceId()).contains(sent.getSpanId());
    assertThat(spans).allMatch(one -> one.getTraceId().equals(sent.getTraceId()));
  }

  @Test
  void a_channel_may_go_without() {
    publish("hello");
    var consumer = consume(channel(Map.of("tracing-enabled", "false"))).request(9);

    assertThat(TracingMetadata.fromMessage(consumer.message(0))).isEmpty();
    assertThat(spans).isEmpty();
  }

  private final class Keeper implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> ended) {
      spans.addAll(ended);
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }
}
