package io.modelrefresh.agent;

import io.modelrefresh.ApiServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** The catalog of the application under test, in a mounted ConfigMap. */
public final class CatalogMount implements QuarkusTestResourceLifecycleManager {

  static final String NO_MODELS = "{}";

  /** What retraining asks whether it would take a job. */
  static final ApiServer CLUSTER = new ApiServer();

  private static ConfigMapMount mount;

  @Override
  public Map<String, String> start() {
    CLUSTER.up();
    mount = new ConfigMapMount("catalog.yaml", NO_MODELS);
    return Map.of(
        "model-refresh.catalog.location",
        mount.file().toString(),
        "model-refresh.catalog.check-interval",
        "50ms",
        "model-refresh.resync-interval",
        "1s",
        "model-refresh.retraining.ledger",
        "kubernetes",
        "quarkus.kubernetes-client.api-server-url",
        CLUSTER.url());
  }

  /** Replaces the catalog by another. */
  static void show(String yaml) {
    mount.show(yaml);
  }

  /** Takes the file away until another is shown. */
  static void hide() {
    mount.hide();
  }

  @Override
  public void stop() {
    CLUSTER.close();
    mount.close();
  }
}
