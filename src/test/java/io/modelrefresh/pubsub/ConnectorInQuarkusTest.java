package io.modelrefresh.pubsub;

import static io.restassured.RestAssured.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.modelrefresh.Patience;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.OutgoingMessageMetadata;
import io.smallrye.reactive.messaging.TracingMetadata;
import io.smallrye.reactive.messaging.providers.extension.HealthCenter;
import io.vertx.core.json.JsonObject;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.Metadata;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.junit.jupiter.api.Test;

/** The connector as an application has it: by CDI and configuration alone. */
@QuarkusTest
@TestProfile(ConnectorInQuarkusTest.ConnectorAlone.class)
class ConnectorInQuarkusTest {

  private static final String PROFILE = "connector-alone";
  private static final List<String> INCOMING = List.of("texts", "objects", "drivers", "shards");

  record Driver(int id, String name) {}

  @Inject Application application;
  @Inject HealthCenter health;

  @Inject
  @Connector(PubSubConnector.NAME)
  PubSubConnector connector;

  @Test
  void one_published_object_arrives_as_whatever_each_consumer_declares() {
    var result = new OutgoingMessageMetadata<String>();

    application
        .drivers
        .sendMessage(Message.of(new Driver(7, "Ada"), Metadata.of(result)))
        .await()
        .atMost(Patience.PATIENCE);

    assertThat(result.getResult()).isNotBlank();
    await()
        .untilAsserted(
            () ->
                assertThat(application.received)
                    .contains(
                        "text {\"id\":7,\"name\":\"Ada\"}",
                        "object Ada",
                        "driver Driver[id=7, name=Ada]",
                        "shard Driver[id=7, name=Ada]"));
  }

  @Test
  void bytes_that_do_not_convert_are_nacked_and_the_channel_goes_on() {
    application.send("no json");

    await().until(() -> application.nacked.contains("no json"));
    application.send("{\"id\":1,\"name\":\"after\"}");
    await().until(() -> application.received.contains("driver Driver[id=1, name=after]"));
  }

  @Test
  void metrics_have_the_documented_names_and_labels() {
    application.send("{\"id\":2,\"name\":\"counted\"}");
    await().until(() -> application.received.contains("driver Driver[id=2, name=counted]"));

    var labels = "{channel=\"drivers\",subscription=\"projects/test/subscriptions/drivers\"}";
    assertThat(get("/q/metrics").asString())
        .contains(
            Stream.of(
                    "pubsub_subscriber_up",
                    "pubsub_outstanding_messages",
                    "pubsub_outstanding_bytes",
                    "pubsub_oldest_outstanding_age_seconds",
                    "pubsub_messages_received_total",
                    "pubsub_messages_acked_total",
                    "pubsub_messages_nacked_total",
                    "pubsub_messages_redelivered_total",
                    "pubsub_stream_restarts_total",
                    "pubsub_messages_dead_lettered_total")
                .map(name -> name + labels)
                .toList());
  }

  @Test
  void an_unknown_failure_strategy_is_refused_with_the_known_ones() {
    var config =
        PubSubTestBase.config(
            List.of(Map.of("failure-strategy", "shrug", "health-enabled", "false")));

    assertThatThrownBy(() -> connector.getPublisher(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("mp.messaging.incoming.updates.failure-strategy: ")
        .hasMessageContaining("[abandon, dead-letter, fail, ignore, nack, remember]")
        .hasMessageContaining("shrug");
  }

  @Test
  void a_disabled_sdk_costs_no_span() {
    application.send("{\"id\":3,\"name\":\"untraced\"}");

    await().until(() -> application.received.contains("driver Driver[id=3, name=untraced]"));
    assertThat(application.traced).isFalse();
  }

  @Test
  void every_channel_is_ready_and_alive() {
    await().until(() -> health.getReadiness().isOk());

    assertThat(health.getReadiness().getChannels())
        .extracting("channel")
        .contains("texts", "objects", "drivers", "drivers-out");
    assertThat(health.getLiveness().isOk()).isTrue();
  }

  @Test
  void a_reopened_subscription_is_a_cdi_event() {
    await().until(() -> Emulator.server.probe(subscription("texts")).openStreams() == 1);
    Emulator.server.faults().cutStreams(subscription("texts"), Status.NOT_FOUND);

    await()
        .until(
            () ->
                application.reopened.contains(
                    new SubscriptionReopened("texts", subscription("texts"), "NOT_FOUND")));
  }

  private static String subscription(String name) {
    return "projects/test/subscriptions/" + name;
  }

  /** What a user would write. */
  @Singleton
  @IfBuildProfile(PROFILE)
  static class Application {

    final List<String> received = new CopyOnWriteArrayList<>();
    volatile boolean traced;
    final List<String> nacked = new CopyOnWriteArrayList<>();
    final List<SubscriptionReopened> reopened = new CopyOnWriteArrayList<>();

    @Channel("drivers-out")
    MutinyEmitter<Object> drivers;

    void send(String text) {
      drivers.send(text).await().atMost(Patience.PATIENCE);
    }

    @Incoming("texts")
    CompletionStage<Void> text(Message<String> message) {
      traced |= TracingMetadata.fromMessage(message).isPresent();
      received.add("text " + message.getPayload());
      return message.ack();
    }

    @Incoming("objects")
    void object(JsonObject object) {
      received.add("object " + object.getString("name"));
    }

    @Incoming("drivers")
    void driver(Driver driver) {
      received.add("driver " + driver);
    }

    @Incoming("shards")
    void shard(Driver driver) {
      received.add("shard " + driver);
    }

    void reopened(@Observes SubscriptionReopened event) {
      reopened.add(event);
    }
  }

  /** A failure strategy of the application's own. */
  @Singleton
  @IfBuildProfile(PROFILE)
  @Identifier("remember")
  static class Remember implements PubSubFailureHandler.Factory {

    // Later: channels, and with them this, are made before what is injected with channels.
    @Inject Provider<Application> application;

    @Override
    public PubSubFailureHandler create(PubSubFailureHandler.Channel channel) {
      return (message, reason, metadata, settlement) -> {
        application.get().nacked.add(message.getData().toStringUtf8());
        return Uni.createFrom().completionStage(settlement.ack());
      };
    }
  }

  public static final class ConnectorAlone implements QuarkusTestProfile {

    @Override
    public String getConfigProfile() {
      return PROFILE;
    }

    @Override
    public Map<String, String> getConfigOverrides() {
      var all = new HashMap<String, String>();
      for (var channel : INCOMING) {
        var prefix = "mp.messaging.incoming." + channel;
        all.put(prefix + ".connector", PubSubConnector.NAME);
        all.put(prefix + ".failure-strategy", "remember");
        all.put(prefix + ".restart.max-wait", "100ms");
      }
      all.put("mp.messaging.incoming.shards.concurrency", "2");
      all.put("mp.messaging.outgoing.drivers-out.connector", PubSubConnector.NAME);
      all.put("mp.messaging.outgoing.drivers-out.topic", "drivers");
      all.put("quarkus.google.cloud.project-id", "test");
      all.put("quarkus.http.test-port", "0");
      all.put("quarkus.management.enabled", "false");
      all.put("quarkus.otel.sdk.disabled", "true");
      // Whatever else this build holds: the connector needs none of it.
      List.of("incoming.feature-updates", "outgoing.feature-updates-topic")
          .forEach(
              other -> {
                all.put("mp.messaging." + other + ".connector", PubSubConnector.NAME);
                all.put("mp.messaging." + other + ".enabled", "false");
              });
      all.put(
          "quarkus.arc.exclude-types",
          Stream.of("agent", "page", "catalog", "refresh", "serving", "update", "retraining")
              .map(room -> "io.modelrefresh." + room + ".**")
              .reduce((a, b) -> a + "," + b)
              .get());
      return all;
    }

    @Override
    public List<TestResourceEntry> testResources() {
      return List.of(new TestResourceEntry(Emulator.class));
    }
  }

  /** An emulator that has what the channels name. */
  public static final class Emulator implements QuarkusTestResourceLifecycleManager {

    static EmbeddedPubSub server;

    @Override
    public Map<String, String> start() {
      server = EmbeddedPubSub.start();
      server.createTopic("projects/test/topics/drivers");
      INCOMING.forEach(
          name -> server.createSubscription(subscription(name), "projects/test/topics/drivers"));
      return Map.of("quarkus.google.cloud.pubsub.emulator-host", server.address());
    }

    @Override
    public void stop() {
      server.close();
    }
  }
}
