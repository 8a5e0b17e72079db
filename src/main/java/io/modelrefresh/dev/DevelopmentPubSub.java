package io.modelrefresh.dev;

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
    if (configuration.emulatorHost().isEmpty() && projectId.isEmpty()) {
      return new EmbeddedPubSubServer(embedded.get());
    }
    return new QuarkusPubSubServer(pubSub, google, configuration) {
      /** An emulator takes whatever project; only the service needs one that is known. */
      @Override
      public String projectId() {
        return projectId.isEmpty() ? EmbeddedPubSubServer.PROJECT : super.projectId();
      }
    };
  }

  /** Has what retraining queues publish to; the rest the agent provisions itself. */
  @Produces
  @Singleton
  EmbeddedPubSub embedded() {
    EmbeddedPubSub emulator = EmbeddedPubSub.start();
    emulator.createTopic(topic(RETRAINING_JOBS));
    emulator.createSubscription(subscription(RETRAINING_JOBS + "-sub"), topic(RETRAINING_JOBS));
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
