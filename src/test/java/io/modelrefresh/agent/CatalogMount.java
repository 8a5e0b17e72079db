package io.modelrefresh.agent;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/** The catalog of the application under test, in a mounted ConfigMap. */
public final class CatalogMount implements QuarkusTestResourceLifecycleManager {

  static final String NO_MODELS = "{}";

  private static ConfigMapMount mount;

  @Override
  public Map<String, String> start() {
    mount = new ConfigMapMount("catalog.yaml", NO_MODELS);
    return Map.of(
        "model-refresh.catalog.location",
        mount.file().toString(),
        "model-refresh.catalog.check-interval",
        "50ms",
        "model-refresh.resync-interval",
        "1s");
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
    mount.close();
  }
}
