package io.modelrefresh.pubsub;

import com.google.cloud.pubsub.v1.stub.SubscriberStub;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.StreamingPullResponse;
import io.micrometer.core.instrument.MeterRegistry;
import io.modelrefresh.pubsub.tracing.PubSubTracing;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.health.HealthReport.HealthReportBuilder;
import io.smallrye.reactive.messaging.providers.locals.LocalContextMetadata;
import io.vertx.core.impl.ContextInternal;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.jboss.logging.Logger;

/**
 * One incoming channel: a {@link PullStream} fills, a {@link DemandDrivenPublisher} empties, and
 * this counts what is between. Messages are emitted on the channel's one Vert.x context.
 */
final class PubSubInboundChannel
    implements DemandDrivenPublisher.Source<Message<?>>,
        Delivery.Listener,
        PullStream.Listener,
        PubSubFailureHandler.Channel {

  private static final Logger LOG = Logger.getLogger(PubSubInboundChannel.class);

  private final InboundSettings settings;
  private final ContextInternal context;
  private final Clock clock;
  private final PubSubClients clients;
  private final Consumer<Object> events;
  private final Optional<PubSubTracing> tracing;
  private final String subscription;
  private final LeaseSettings leases;
  private final OutstandingMessages outstanding;
  private final DemandDrivenPublisher<Message<?>> publisher;
  private final Settlements settlements;
  private final PullStream stream;
  private final ChannelMeters meters;
  private final FailureHandlers failures;

  private final AtomicBoolean advised = new AtomicBoolean();

  /** Guarded by this. */
  private Optional<SubscriberStub> stub = Optional.empty();

  private volatile Future<?> extending = CompletableFuture.completedFuture(null);
  private volatile boolean draining;
  private volatile Optional<String> dead = Optional.empty();

  /** What a channel shares with the others. */
  record Surroundings(
      PubSubClients clients,
      Clock clock,
      MeterRegistry meters,
      Optional<PubSubTracing> tracing,
      Function<String, PubSubFailureHandler.Factory> failureHandlers,
      Consumer<Object> events) {}

  PubSubInboundChannel(InboundSettings settings, ContextInternal context, Surroundings around) {
    this.settings = settings;
    this.context = context;
    this.clock = around.clock();
    this.clients = around.clients();
    this.events = around.events();
    this.tracing = around.tracing().filter(any -> settings.tracingEnabled());
    this.subscription = settings.subscription().toString();
    this.meters = new ChannelMeters(around.meters(), settings.channel(), subscription);
    this.publisher =
        new DemandDrivenPublisher<>(task -> context.runOnContext(ignored -> task.run()), this);
    this.leases = LeaseSettings.of(settings);
    this.outstanding =
        new OutstandingMessages(settings.maxOutstandingMessages(), settings.maxOutstandingBytes());
    this.settlements =
        new Settlements(
            subscription,
            this::stub,
            clients.executor(),
            Optional.of(settings.ackTimeout()).filter(any -> settings.exactlyOnce()));
    this.stream = new PullStream(settings, leases.lease(), this::stub, clients.executor(), this);
    this.failures =
        new FailureHandlers(
            settings.channel(),
            settings.failureStrategy(),
            strategy -> around.failureHandlers().apply(strategy).create(this));
    registerGauges();
  }

  Flow.Publisher<Message<?>> publisher() {
    return publisher;
  }

  private synchronized SubscriberStub stub() {
    if (stub.isEmpty()) {
      stub = Optional.of(clients.newStreamStub());
    }
    return stub.get();
  }

  @Override
  public void received(StreamingPullResponse response) {
    var now = clock.millis();
    var leasedUntil = now + leases.lease().toMillis();
    var deliveries = new ArrayList<Delivery>(response.getReceivedMessagesCount());
    var redelivered = 0;
    for (var received : response.getReceivedMessagesList()) {
      var delivery = new Delivery(received, settlements, this, now, leasedUntil);
      deliveries.add(delivery);
      if (delivery.attempt() > 1) {
        redelivered++;
      }
    }
    outstanding.addAll(deliveries);
    meters.received.increment(deliveries.size());
    meters.redelivered.increment(redelivered);
    publisher.offer(deliveries);
  }

  @Override
  public boolean hasRoom() {
    return outstanding.hasRoom();
  }

  @Override
  public void emit(Delivery delivery, Flow.Subscriber<? super Message<?>> downstream) {
    var ofMessage = context.duplicate();
    // Emitting there spares SmallRye the hop to it.
    var before = ofMessage.beginDispatch();
    try {
      downstream.onNext(message(delivery, ofMessage));
    } finally {
      ofMessage.endDispatch(before);
    }
  }

  private Message<?> message(Delivery delivery, ContextInternal ofMessage) {
    var incoming = PubSubIncomingMetadata.of(delivery.message(), delivery.attempt(), subscription);
    var message =
        new PubSubMessage<>(
            delivery.payload(), incoming, new LocalContextMetadata(ofMessage), delivery, failures);
    return tracing.isPresent()
        ? tracing.get().received(message, delivery.message(), settings.subscription())
        : message;
  }

  @Override
  public void demanded() {
    var extension = new LeaseExtension(outstanding, leases, clock, settlements::extend);
    extending =
        clients
            .executor()
            .scheduleWithFixedDelay(
                () -> extendLeases(extension),
                LeaseExtension.INTERVAL.toMillis(),
                LeaseExtension.INTERVAL.toMillis(),
                TimeUnit.MILLISECONDS);
    stream.start();
  }

  private void extendLeases(LeaseExtension extension) {
    try {
      extension.run();
      stream.roomMade();
    } catch (RuntimeException e) {
      // Thrown on, it would end all extensions for ever.
      LOG.errorf(e, "channel %s: leases could not be extended this time", settings.channel());
    }
  }

  @Override
  public void cancelled() {
    if (!draining) {
      dead = Optional.of("the consumer of the channel has gone: nothing is received any more");
      LOG.errorf("channel %s: %s", settings.channel(), dead.get());
    }
    stream.stop();
  }

  @Override
  public boolean isExpired(Delivery delivery) {
    return clock.millis() - delivery.receivedAtMillis() > settings.maxAckExtension().toMillis();
  }

  @Override
  public void acked(Delivery delivery) {
    meters.acked.increment();
    settled(delivery);
  }

  @Override
  public void nacked(Delivery delivery) {
    meters.nacked.increment();
    settled(delivery);
    if (settings.orderedByKey() && !delivery.orderingKey().isEmpty()) {
      publisher.releaseSuccessors(delivery.orderingKey());
    }
  }

  @Override
  public void released(Delivery delivery) {
    meters.nacked.increment();
    remove(delivery);
  }

  @Override
  public void abandoned(Delivery delivery) {
    meters.abandoned.increment();
    remove(delivery);
  }

  @Override
  public void expired(Delivery delivery) {
    meters.expired.increment();
    remove(delivery);
  }

  @Override
  public void settledAgain(Delivery delivery) {
    meters.settledAgain.increment();
  }

  private void remove(Delivery delivery) {
    outstanding.remove(delivery);
    stream.roomMade();
  }

  private void settled(Delivery delivery) {
    remove(delivery);
    if (isExpired(delivery)) {
      meters.settledLate.increment();
    }
  }

  @Override
  public void opened(Optional<Remedy> lost) {
    LOG.infof("channel %s: the stream to %s is open", settings.channel(), subscription);
    if (advised.compareAndSet(false, true)) {
      clients.executor().execute(this::advise);
    }
    lost.ifPresent(
        why ->
            events.accept(new SubscriptionReopened(settings.channel(), subscription, why.code())));
  }

  /** What is advised is nothing that keeps messages from coming. */
  private void advise() {
    PubSubClients.uni(
            () ->
                stub()
                    .getSubscriptionCallable()
                    .futureCall(
                        GetSubscriptionRequest.newBuilder().setSubscription(subscription).build()))
        .subscribe()
        .with(
            found ->
                ProvisioningAdvice.of(found)
                    .forEach(advice -> LOG.warnf("channel %s: %s", settings.channel(), advice)),
            failure -> LOG.debugf(failure, "the settings of %s are not known", subscription));
  }

  @Override
  public void failed(Remedy remedy) {
    meters.restarts.increment();
  }

  @Override
  public String name() {
    return settings.channel();
  }

  @Override
  public String subscription() {
    return subscription;
  }

  @Override
  public Optional<String> deadLetterTopic() {
    return settings.deadLetterTopic();
  }

  @Override
  public Uni<String> publish(String topic, PubsubMessage message) {
    return clients.publish(topic, message);
  }

  @Override
  public void fail(Throwable reason) {
    dead = Optional.of("failed: " + reason);
    LOG.errorf(reason, "channel %s: failure-strategy fail ends the channel", settings.channel());
    publisher.fail(reason);
    stream.stop();
  }

  @Override
  public void deadLettered() {
    meters.deadLettered.increment();
  }

  /** Stops receiving, gives back what is queued. Completes when nothing is in flight. */
  CompletionStage<Void> drain() {
    draining = true;
    events.accept(new ChannelDraining(settings.channel(), subscription, settings.drainTimeout()));
    publisher.complete();
    stream.stop();
    return outstanding.drained();
  }

  Duration drainTimeout() {
    return settings.drainTimeout();
  }

  /**
   * Nacks what was not settled in time, and waits for the server to have been told. The stream ends
   * first: to one that is still open the server would deliver again what is nacked, and lease it.
   */
  void close(Duration timeout) {
    stream.awaitStopped();
    var left = outstanding.nackAll();
    if (left > 0) {
      meters.leftOver.increment(left);
      LOG.warnf(
          "channel %s: %d messages were still in flight after %s; nacked",
          settings.channel(), left, settings.drainTimeout());
    }
    extending.cancel(false);
    if (!settlements.awaitSent(timeout)) {
      LOG.warnf(
          "channel %s: the server did not hear within %s what was settled last; it delivers again",
          settings.channel(), timeout);
    }
    closeStub();
  }

  private synchronized void closeStub() {
    stub.ifPresent(SubscriberStub::close);
  }

  void reportReadiness(HealthReportBuilder report) {
    if (settings.healthEnabled()) {
      var health = stream.health();
      report.add(
          settings.channel(),
          !draining && (health.open() || stream.isIdle()),
          draining ? "draining" : health.detail());
    }
  }

  /** An outage of Pub/Sub is none of the pipeline's faults: no restart would mend it. */
  void reportLiveness(HealthReportBuilder report) {
    if (!settings.healthEnabled()) {
      return;
    }
    var stuck =
        settings
            .unprocessedMessageMaxAge()
            .filter(most -> outstanding.oldestAge(clock.millis()).compareTo(most) > 0)
            .map(most -> "a message received more than " + most + " ago is not settled yet");
    var wrong = dead.or(() -> stuck);
    report.add(settings.channel(), wrong.isEmpty(), wrong.orElse("alive"));
  }

  private void registerGauges() {
    meters.gauge(
        "pubsub.subscriber.up", "1 while the stream is open", () -> stream.health().open() ? 1 : 0);
    meters.gauge(
        "pubsub.outstanding.messages", "Messages received and not settled", outstanding::count);
    meters.gauge("pubsub.outstanding.bytes", "Bytes of those messages", outstanding::bytes);
    meters.gauge(
        "pubsub.oldest.outstanding.age.seconds",
        "How long ago the oldest of them was received",
        () -> outstanding.oldestAge(clock.millis()).toMillis() / 1000.0);
  }
}
