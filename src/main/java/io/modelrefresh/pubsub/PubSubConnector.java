package io.modelrefresh.pubsub;

import static io.smallrye.reactive.messaging.annotations.ConnectorAttribute.Direction.INCOMING;
import static io.smallrye.reactive.messaging.annotations.ConnectorAttribute.Direction.INCOMING_AND_OUTGOING;
import static io.smallrye.reactive.messaging.annotations.ConnectorAttribute.Direction.OUTGOING;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.modelrefresh.pubsub.tracing.PubSubTracing;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.TracerProvider;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.annotations.ConnectorAttribute;
import io.smallrye.reactive.messaging.connector.InboundConnector;
import io.smallrye.reactive.messaging.connector.OutboundConnector;
import io.smallrye.reactive.messaging.health.HealthReport;
import io.smallrye.reactive.messaging.health.HealthReport.HealthReportBuilder;
import io.smallrye.reactive.messaging.health.HealthReporter;
import io.smallrye.reactive.messaging.providers.connectors.ExecutionHolder;
import io.vertx.core.impl.VertxInternal;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.Reception;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.function.BiConsumer;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.jboss.logging.Logger;

/**
 * The SmallRye Reactive Messaging connector {@code google-cloud-pubsub}: pull subscriptions and
 * topics of Google Cloud Pub/Sub, or of an emulator.
 *
 * <p>Durations are written as in Quarkus ({@code 500ms}, {@code 20s}, {@code 60m}), sizes likewise
 * ({@code 100M}). A bad value stops the start with a message that begins with its key.
 *
 * <p>Readiness: an incoming channel is ready while its stream is really open ({@link PullStream}),
 * or before anybody has asked it for a message; not while it drains. Liveness is about the pipeline
 * alone: it fails when a channel's consumer has gone or {@code failure-strategy} {@code fail} has
 * ended it, and, if {@code unprocessed-message-max-age} is set, while a message stays unsettled for
 * longer (as SmallRye's Kafka connector has it); never by an outage of Pub/Sub.
 *
 * <p>CDI events tell of what a holder of messages must know: {@link SubscriptionReopened}, {@link
 * ChannelDraining}.
 */
@ApplicationScoped
@Connector(PubSubConnector.NAME)
@ConnectorAttribute(
    name = "project-id",
    type = "string",
    direction = INCOMING_AND_OUTGOING,
    description =
        "The Google Cloud project of names that are not full; by default quarkus.google.cloud.project-id")
@ConnectorAttribute(
    name = "topic",
    type = "string",
    direction = INCOMING_AND_OUTGOING,
    description =
        "Outgoing: the topic to publish to, by default the channel's name. Incoming: the subscription's topic, named in the remedy when the subscription is missing")
@ConnectorAttribute(
    name = "health-enabled",
    type = "boolean",
    defaultValue = "true",
    direction = INCOMING_AND_OUTGOING,
    description = "Whether the channel takes part in readiness and liveness")
@ConnectorAttribute(
    name = "tracing-enabled",
    type = "boolean",
    defaultValue = "true",
    direction = INCOMING_AND_OUTGOING,
    description =
        "Whether messages get spans and carry their context; costs nothing while OpenTelemetry is disabled")
@ConnectorAttribute(
    name = "subscription",
    type = "string",
    direction = INCOMING,
    description = "The pull subscription to consume; by default the channel's name")
@ConnectorAttribute(
    name = "max-outstanding-messages",
    type = "int",
    defaultValue = "10000",
    direction = INCOMING,
    description = "How many messages may be received and not settled")
@ConnectorAttribute(
    name = "max-outstanding-bytes",
    type = "string",
    direction = INCOMING,
    description =
        "How many bytes of messages may be received and not settled; by default 100M, or a quarter of the heap if that is less")
@ConnectorAttribute(
    name = "max-ack-extension",
    type = "string",
    defaultValue = "60m",
    direction = INCOMING,
    description =
        "How long a message's lease is extended; after that Pub/Sub delivers it again, and it is dropped if it is still queued")
@ConnectorAttribute(
    name = "min-duration-per-ack-extension",
    type = "string",
    direction = INCOMING,
    description =
        "The shortest lease to ask for, at receipt and at each extension; by default 60s, which is also how long the messages of a killed process take to come again")
@ConnectorAttribute(
    name = "max-duration-per-ack-extension",
    type = "string",
    direction = INCOMING,
    description =
        "The longest lease to ask for; by default 60s, or max-ack-extension if that is shorter")
@ConnectorAttribute(
    name = "exactly-once",
    type = "boolean",
    defaultValue = "false",
    direction = INCOMING,
    description =
        "Whether the subscription has exactly-once delivery: an ack completes when the server has confirmed it")
@ConnectorAttribute(
    name = "ack-timeout",
    type = "string",
    defaultValue = "60s",
    direction = INCOMING,
    description = "With exactly-once: how long an ack waits for its confirmation before it fails")
@ConnectorAttribute(
    name = "ordered",
    type = "string",
    defaultValue = "none",
    direction = INCOMING,
    description =
        "none, or key: a nack gives back the queued messages of the same ordering key, which Pub/Sub delivers again. Emission is in order of receipt either way")
@ConnectorAttribute(
    name = "failure-strategy",
    type = "string",
    defaultValue = "nack",
    direction = INCOMING,
    description =
        "What a nack does: nack, ignore, fail, dead-letter, abandon, or the @Identifier of a PubSubFailureHandler.Factory")
@ConnectorAttribute(
    name = "dead-letter.topic",
    type = "string",
    direction = INCOMING,
    description = "Where failure-strategy dead-letter publishes")
@ConnectorAttribute(
    name = "drain-timeout",
    type = "string",
    defaultValue = "20s",
    direction = INCOMING,
    description = "How long a shutdown waits for the messages in flight before it nacks them")
@ConnectorAttribute(
    name = "restart.max-wait",
    type = "string",
    defaultValue = "30s",
    direction = INCOMING,
    description = "The longest wait before a stream that has ended is tried again")
@ConnectorAttribute(
    name = "keep-alive-interval",
    type = "string",
    defaultValue = "30s",
    direction = INCOMING,
    description =
        "How often the server is asked for a sign of life; one that stays out until the next ends the stream")
@ConnectorAttribute(
    name = "unprocessed-message-max-age",
    type = "string",
    direction = INCOMING,
    description =
        "Liveness fails while a message is unsettled for longer than this; by default never")
@ConnectorAttribute(
    name = "max-in-flight-messages",
    type = "int",
    defaultValue = "1024",
    direction = OUTGOING,
    description = "How many messages may be unconfirmed before no more are taken")
@ConnectorAttribute(
    name = "batch-size",
    type = "int",
    defaultValue = "100",
    direction = OUTGOING,
    description = "How many messages make a batch, at most 1000")
@ConnectorAttribute(
    name = "batch-bytes",
    type = "string",
    defaultValue = "1M",
    direction = OUTGOING,
    description = "How many bytes make a batch")
@ConnectorAttribute(
    name = "batch-delay",
    type = "string",
    defaultValue = "1ms",
    direction = OUTGOING,
    description = "How long a message waits for its batch to fill")
public class PubSubConnector implements InboundConnector, OutboundConnector, HealthReporter {

  public static final String NAME = "google-cloud-pubsub";

  private static final Logger LOG = Logger.getLogger(PubSubConnector.class);

  /** For Google's clients to send the last acks and messages, once nothing is in flight. */
  private static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(5);

  private final List<PubSubInboundChannel> incoming = new CopyOnWriteArrayList<>();
  private final List<PubSubOutboundChannel> outgoing = new CopyOnWriteArrayList<>();
  private final PubSubClients clients;
  private final VertxInternal vertx;
  private final ObjectMapper json;
  private final PubSubInboundChannel.Surroundings around;

  PubSubConnector(
      PubSubClients clients,
      ExecutionHolder execution,
      @Any Instance<PubSubFailureHandler.Factory> failureHandlers,
      Instance<MeterRegistry> meters,
      Instance<OpenTelemetry> openTelemetry,
      Instance<Clock> clock,
      Instance<ObjectMapper> json,
      Event<Object> events,
      Config config) {
    this.clients = clients;
    this.vertx = (VertxInternal) execution.vertx().getDelegate();
    this.json = json.isResolvable() ? json.get() : new ObjectMapper();
    this.around =
        new PubSubInboundChannel.Surroundings(
            clients,
            clock.isResolvable() ? clock.get() : Clock.systemUTC(),
            meters.isResolvable() ? meters.get() : new CompositeMeterRegistry(),
            tracing(openTelemetry, config),
            strategy -> failureHandler(failureHandlers, strategy),
            event -> fire(events, event));
  }

  @Override
  public Flow.Publisher<? extends Message<?>> getPublisher(Config config) {
    var settings =
        InboundSettings.of(new PubSubConnectorIncomingConfiguration(config), clients.server());
    var channel = new PubSubInboundChannel(settings, vertx.createEventLoopContext(), around);
    incoming.add(channel);
    return channel.publisher();
  }

  @Override
  public Flow.Subscriber<? extends Message<?>> getSubscriber(Config config) {
    var settings =
        OutboundSettings.of(new PubSubConnectorOutgoingConfiguration(config), clients.server());
    var channel = new PubSubOutboundChannel(settings, clients, json, around.tracing());
    outgoing.add(channel);
    return channel.subscriber();
  }

  @Override
  public HealthReport getReadiness() {
    return report(PubSubInboundChannel::reportReadiness, PubSubOutboundChannel::reportHealth);
  }

  @Override
  public HealthReport getLiveness() {
    return report(PubSubInboundChannel::reportLiveness, PubSubOutboundChannel::reportHealth);
  }

  private HealthReport report(
      BiConsumer<PubSubInboundChannel, HealthReportBuilder> reportIncoming,
      BiConsumer<PubSubOutboundChannel, HealthReportBuilder> reportOutgoing) {
    var report = HealthReport.builder();
    incoming.forEach(channel -> reportIncoming.accept(channel, report));
    outgoing.forEach(channel -> reportOutgoing.accept(channel, report));
    return report.build();
  }

  /** Drains all channels at the same time, then lets Google's clients send their last. Blocks. */
  public void terminate(
      @Observes(notifyObserver = Reception.IF_EXISTS)
          @Priority(50)
          @BeforeDestroyed(ApplicationScoped.class)
          Object event) {
    new Drain(incoming).run(FLUSH_TIMEOUT);
    outgoing.forEach(channel -> channel.close(FLUSH_TIMEOUT));
  }

  private static PubSubFailureHandler.Factory failureHandler(
      Instance<PubSubFailureHandler.Factory> factories, String strategy) {
    var named = factories.select(Identifier.Literal.of(strategy));
    if (named.isResolvable()) {
      return named.get();
    }
    var known =
        factories
            .handlesStream()
            .flatMap(handle -> handle.getBean().getQualifiers().stream())
            .filter(Identifier.class::isInstance)
            .map(identifier -> ((Identifier) identifier).value())
            .sorted()
            .toList();
    return channel -> {
      throw new IllegalArgumentException(
          "mp.messaging.incoming.%s.failure-strategy: expected one of %s, got \"%s\""
              .formatted(channel.name(), known, strategy));
    };
  }

  /** Present only if spans would come of it: a disabled SDK must cost nothing per message. */
  private static Optional<PubSubTracing> tracing(
      Instance<OpenTelemetry> openTelemetry, Config config) {
    if (!openTelemetry.isResolvable()
        || disabled(config, "quarkus.otel.sdk.disabled")
        || disabled(config, "otel.sdk.disabled")) {
      return Optional.empty();
    }
    return Optional.of(openTelemetry.get())
        .filter(sdk -> sdk.getTracerProvider() != TracerProvider.noop())
        .map(PubSubTracing::new);
  }

  private static boolean disabled(Config config, String key) {
    return config.getOptionalValue(key, Boolean.class).orElse(false);
  }

  private static void fire(Event<Object> events, Object event) {
    try {
      events.fire(event);
    } catch (RuntimeException e) {
      // Who observes must not break who consumes.
      LOG.errorf(e, "an observer of %s failed", event);
    }
  }
}
