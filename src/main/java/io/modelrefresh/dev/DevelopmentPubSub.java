package io.modelrefresh.dev;

import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.pubsub.PubSubServer;
import io.modelrefresh.pubsub.QuarkusPubSubServer;
import io.quarkiverse.googlecloudservices.common.GcpConfigHolder;
import io.quarkiverse.googlecloudservices.pubsub.PubSubConfiguration;
import io.quarkiverse.googlecloudservices.pubsub.QuarkusPubSub;
import io.quarkus.arc.profile.IfBuildProfile;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Where Pub/Sub is, in dev mode and tests.
 *
 * <table>
 *   <caption>What is configured decides</caption>
 *   <tr><th>emulator host</th><th>project id</th><th>Pub/Sub is</th></tr>
 *   <tr><td>set</td><td>any</td><td>that emulator</td></tr>
 *   <tr><td>not set</td><td>set</td><td>the real service</td></tr>
 *   <tr><td>not set</td><td>not set</td><td>an embedded emulator, started here</td></tr>
 * </table>
 */
@Dependent
@IfBuildProfile(anyOf = {"dev", "test"})
class DevelopmentPubSub {

  /** Where queue pubsub publishes unless told otherwise. */
  private static final String RETRAINING_JOBS = "retraining-jobs";

  @Produces
  @Singleton
  PubSubServer server(
      QuarkusPubSub pubSub,
      GcpConfigHolder google,
      PubSubConfiguration configuration,
      @ConfigProperty(name = "quarkus.google.cloud.project-id") Optional<String> projectId,
      Instance<EmbeddedPubSub> embedded) {
    return configuration.emulatorHost().isPresent() || projectId.isPresent()
        ? new QuarkusPubSubServer(pubSub, google, configuration)
        : new EmbeddedPubSubServer(embedded.get());
  }

  /** Has what the agent's channels name, so that it finds everything in place. */
  @Produces
  @Singleton
  EmbeddedPubSub embedded(
      @ConfigProperty(name = "mp.messaging.outgoing.feature-updates-topic.topic") String topic,
      @ConfigProperty(name = "mp.messaging.incoming.feature-updates.subscription")
          String subscription,
      @ConfigProperty(name = "mp.messaging.incoming.feature-updates.dead-letter.topic")
          String deadLetterTopic,
      @ConfigProperty(
              name = "model-refresh.dead-letter.subscription",
              defaultValue = "feature-updates-dead-letter-sub")
          String deadLetterSubscription) {
    EmbeddedPubSub emulator = EmbeddedPubSub.start();
    emulator.createTopic(topic(topic));
    emulator.createSubscription(
        Subscription.newBuilder()
            .setName(subscription(subscription))
            .setTopic(topic(topic))
            .setRetryPolicy(
                RetryPolicy.newBuilder()
                    .setMinimumBackoff(Durations.fromSeconds(10))
                    .setMaximumBackoff(Durations.fromSeconds(600)))
            .build());
    emulator.createTopic(topic(RETRAINING_JOBS));
    emulator.createSubscription(subscription(RETRAINING_JOBS + "-sub"), topic(RETRAINING_JOBS));
    emulator.createTopic(topic(deadLetterTopic));
    emulator.createSubscription(subscription(deadLetterSubscription), topic(deadLetterTopic));
    return emulator;
  }

  void stop(@Disposes EmbeddedPubSub emulator) {
    emulator.close();
  }

  private static String topic(String name) {
    return "projects/" + EmbeddedPubSubServer.PROJECT + "/topics/" + name;
  }

  private static String subscription(String name) {
    return "projects/" + EmbeddedPubSubServer.PROJECT + "/subscriptions/" + name;
  }
}
