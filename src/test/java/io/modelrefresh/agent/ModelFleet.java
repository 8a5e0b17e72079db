package io.modelrefresh.agent;

import io.modelrefresh.serving.FakeModelServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The models of the end-to-end tests: each scenario has one of its own, on two fake servers of its
 * own, consuming a feature view of its own, {@code MODEL_view}.
 */
public final class ModelFleet implements QuarkusTestResourceLifecycleManager {

  /** Model names, and what their configuration says beyond the defaults. */
  private static final Map<String, Map<String, String>> MODELS = models();

  private static final Map<String, List<FakeModelServer>> SERVERS = new HashMap<>();

  private static Map<String, Map<String, String>> models() {
    Map<String, Map<String, String>> models = new LinkedHashMap<>();
    models.put("once", Map.of());
    models.put("burst", Map.of("refresh.max-unavailable", "2"));
    models.put("flaky", Map.of());
    models.put("half-dead", Map.of("refresh.max-attempts", "2"));
    models.put("neighbour", Map.of());
    models.put("slow", Map.of("server.timeout", "1s"));
    models.put("superseding", Map.of());
    models.put("backfilled", Map.of());
    models.put("duplicated", Map.of());
    models.put("busy", Map.of("refresh.max-unavailable", "2"));
    models.put("poisoned", Map.of());
    models.put("narrow", Map.of("feature-views", "narrow_view:age"));
    models.put("deleted", Map.of());
    models.put("paused", Map.of());
    models.put("outage", Map.of());
    models.put("watched", Map.of());
    models.put(
        "retrained",
        Map.of(
            "retraining.changes", "schema,delete",
            "retraining.drift-at-least", "0.2",
            "retraining.queue", "pubsub"));
    return models;
  }

  /** The servers of a model. */
  public static List<FakeModelServer> serversOf(String model) {
    return SERVERS.get(model);
  }

  public static String viewOf(String model) {
    return model.replace('-', '_') + "_view";
  }

  @Override
  public Map<String, String> start() {
    Map<String, String> configuration = new HashMap<>();
    MODELS.forEach(
        (model, settings) -> {
          List<FakeModelServer> servers =
              List.of(FakeModelServer.start().model(model), FakeModelServer.start().model(model));
          SERVERS.put(model, servers);
          String key = "model-refresh.models." + model + ".";
          configuration.put(key + "feature-views", viewOf(model));
          configuration.put(key + "server.protocol", "open-inference");
          configuration.put(
              key + "server.replicas", servers.get(0).address() + "," + servers.get(1).address());
          configuration.put(key + "refresh.on-start", "never");
          configuration.put(key + "refresh.quiet-period", "50ms");
          settings.forEach((setting, value) -> configuration.put(key + setting, value));
        });
    configuration.put("model-refresh.resync-interval", "2s");
    configuration.put(
        "mp.messaging.incoming.feature-updates.max-duration-per-ack-extension", "10s");
    return configuration;
  }

  @Override
  public void stop() {
    SERVERS.values().forEach(servers -> servers.forEach(FakeModelServer::stop));
    SERVERS.clear();
  }
}
