package io.modelrefresh.pubsub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.modelrefresh.Patience;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.pubsub.tracing.PubSubTracing;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.health.HealthReport;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.Config;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** An emulator with one topic and one subscription, and channels that talk to it. No CDI. */
abstract class PubSubTestBase {

  static final String PROJECT = "test";
  static final String TOPIC = "projects/test/topics/updates";
  static final String SUBSCRIPTION = "projects/test/subscriptions/updates-sub";
  static final String DEAD_LETTERS = "projects/test/topics/updates-dead-letter";
  static final String DEAD_LETTERS_SUB = "projects/test/subscriptions/updates-dead-letter-sub";

  final EmbeddedPubSub server = EmbeddedPubSub.start();
  final Vertx vertx = Vertx.vertx();
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final List<Object> events = new CopyOnWriteArrayList<>();
  final SettableClock clock = new SettableClock(Instant.parse("2026-11-22T10:00:00Z"));
  final PubSubClients clients = new PubSubClients(new EmulatorServer());
  final PubSubPuller puller = new PubSubPuller(clients);
  Optional<PubSubTracing> tracing = Optional.empty();

  private final List<PubSubOutboundChannel> outbounds = new CopyOnWriteArrayList<>();
  private final List<PubSubInboundChannel> channels = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void pollOften() {
    Awaitility.setDefaultPollDelay(Duration.ZERO);
    Awaitility.setDefaultPollInterval(Duration.ofMillis(5));
  }

  @BeforeEach
  void createTopicsAndSubscriptions() {
    server.createTopic(TOPIC);
    server.createSubscription(SUBSCRIPTION, TOPIC);
    server.createTopic(DEAD_LETTERS);
    server.createSubscription(DEAD_LETTERS_SUB, DEAD_LETTERS);
  }

  @AfterEach
  void closeAll() {
    channels.forEach(PubSubInboundChannel::drain);
    channels.forEach(channel -> channel.close(Duration.ofSeconds(2)));
    outbounds.forEach(channel -> channel.close(Duration.ofSeconds(2)));
    clients.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    server.close();
  }

  /** A channel named {@code updates}, with these attributes on top. */
  PubSubInboundChannel channel(Map<String, String> attributes) {
    var settings =
        InboundSettings.of(
            new PubSubConnectorIncomingConfiguration(
                config(Map.of("subscription", "updates-sub", "topic", "updates"), attributes)),
            clients.server());
    var channel =
        new PubSubInboundChannel(
            settings,
            ((VertxInternal) vertx).createEventLoopContext(),
            new PubSubInboundChannel.Surroundings(
                clients, clock, meters, tracing, FailureFactories::named, events::add));
    channels.add(channel);
    return channel;
  }

  Consumer consume(PubSubInboundChannel channel) {
    var consumer = new Consumer();
    channel.publisher().subscribe(consumer);
    return consumer;
  }

  PubSubOutboundChannel outbound(Map<String, String> attributes) {
    var settings =
        OutboundSettings.of(
            new PubSubConnectorOutgoingConfiguration(
                config(Map.of("topic", "updates"), attributes)),
            clients.server());
    var channel = new PubSubOutboundChannel(settings, clients, new ObjectMapper(), tracing);
    outbounds.add(channel);
    return channel;
  }

  static Config config(Map<String, String> defaults, Map<String, String> attributes) {
    var quick = Map.of("restart.max-wait", "100ms", "drain-timeout", "10s");
    return config(List.of(quick, defaults, attributes));
  }

  static Config config(List<Map<String, String>> attributes) {
    var all = new HashMap<>(Map.of("channel-name", "updates"));
    attributes.forEach(all::putAll);
    return new SmallRyeConfigBuilder()
        .withSources(new PropertiesConfigSource(all, "test", 100))
        .build();
  }

  /** Where channels find the server. */
  String serverAddress() {
    return server.address();
  }

  SubscriptionProbe onServer() {
    return server.probe(SUBSCRIPTION);
  }

  String publish(String text) {
    return publish(text, "", Map.of());
  }

  String publish(String text, String orderingKey, Map<String, String> attributes) {
    return clients
        .publish(
            TOPIC,
            PubsubMessage.newBuilder()
                .setData(ByteString.copyFromUtf8(text))
                .setOrderingKey(orderingKey)
                .putAllAttributes(attributes)
                .build())
        .await()
        .atMost(Patience.PATIENCE);
  }

  void publish(int messages) {
    var all = IntStream.range(0, messages).mapToObj(i -> clients.publish(TOPIC, text("m" + i)));
    Uni.join().all(all.toList()).andFailFast().await().atMost(Patience.PATIENCE);
  }

  private static PubsubMessage text(String text) {
    return PubsubMessage.newBuilder().setData(ByteString.copyFromUtf8(text)).build();
  }

  double counted(String name) {
    return meters.get(name).tag("channel", "updates").counter().count();
  }

  double gauged(String name) {
    return meters.get(name).tag("channel", "updates").gauge().value();
  }

  static HealthReport.ChannelInfo readiness(PubSubInboundChannel channel) {
    var report = HealthReport.builder();
    channel.reportReadiness(report);
    return report.build().getChannels().get(0);
  }

  static HealthReport.ChannelInfo liveness(PubSubInboundChannel channel) {
    var report = HealthReport.builder();
    channel.reportLiveness(report);
    return report.build().getChannels().get(0);
  }

  private final class EmulatorServer implements PubSubServer {
    @Override
    public String projectId() {
      return PROJECT;
    }

    @Override
    public CredentialsProvider credentials() {
      return NoCredentialsProvider.create();
    }

    @Override
    public Optional<TransportChannelProvider> channel() {
      return Optional.of(
          SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
              .setEndpoint(serverAddress())
              .setChannelConfigurator(channel -> channel.usePlaintext())
              .build());
    }
  }
}
