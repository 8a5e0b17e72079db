package io.modelrefresh.dev;

import io.modelrefresh.demo.DemoFeatureStore;
import io.modelrefresh.demo.DemoModelServer;
import io.modelrefresh.pubsub.PubSubServer;
import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Starts the demo model server in dev mode, and says what runs where and what to try. */
@ApplicationScoped
@IfBuildProfile("dev")
class DemoEnvironment {

  private static final Logger LOG = Logger.getLogger(DemoEnvironment.class);
  private static final String HOST = "127.0.0.1";
  private static final String MODEL = "fraud-detector";
  private static final String VIEW = "driver_hourly_stats";

  /** As the demo model's configuration names them. */
  private static final List<Integer> PORTS = List.of(8091, 8092);

  private static final int BEFORE_THE_LANES = 1;
  private static final int AFTER_EVERYTHING = 10_000;

  /** Set at start, read at shutdown, both on the main thread. */
  private Optional<DemoModelServer> running = Optional.empty();

  void start(@Observes @Priority(BEFORE_THE_LANES) StartupEvent event, Vertx vertx, Clock clock) {
    DemoModelServer server =
        DemoModelServer.start(
                vertx, HOST, PORTS, Map.of(MODEL, VIEW), new DemoFeatureStore(), clock)
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    running = Optional.of(server);
  }

  /** Live reload starts the application again in this process, so the ports must be free. */
  void stop(@Observes ShutdownEvent event) {
    running.ifPresent(server -> server.close().toCompletionStage().toCompletableFuture().join());
  }

  void explain(
      @Observes @Priority(AFTER_EVERYTHING) StartupEvent event,
      PubSubServer pubSub,
      @ConfigProperty(name = "quarkus.http.port") int port,
      @ConfigProperty(name = "quarkus.management.port") int managementPort) {
    String pubSubIs =
        pubSub instanceof EmbeddedPubSubServer embedded
            ? "an embedded emulator at " + embedded.address() + ", project " + pubSub.projectId()
            : "project " + pubSub.projectId();
    LOG.info(explanation(pubSubIs, port, managementPort));
  }

  static String explanation(String pubSubIs, int port, int managementPort) {
    return """

        Pub/Sub         %s
        model server    model %s on two replicas, http://%s:%d and http://%s:%d
        agent           http://localhost:%d/ in a browser, or /v1/models; metrics and health on http://localhost:%d/q/metrics and /q/health
        predict         curl -s localhost:%d/v2/models/%s/infer -d '{"inputs":[{"name":"amount","shape":[1],"datatype":"FP64","data":[120.0]}]}'
        then try        curl -s localhost:%d/v1/feature-updates -H 'Content-Type: application/json' -d '{"feature_view":"%s"}'
        and predict again: both replicas have loaded the features as they are now.
        """
        .formatted(
            pubSubIs,
            MODEL,
            HOST,
            PORTS.get(0),
            HOST,
            PORTS.get(1),
            port,
            managementPort,
            PORTS.get(0),
            MODEL,
            port,
            VIEW);
  }
}
