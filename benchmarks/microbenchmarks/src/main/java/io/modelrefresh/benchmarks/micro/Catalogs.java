package io.modelrefresh.benchmarks.micro;

import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.CatalogFactory;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;

/** Catalogs as a configuration makes them. */
final class Catalogs {

  private Catalogs() {}

  /** Model i consumes view i, on one replica, without a quiet period. */
  static Catalog of(int models) {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < models; i++) {
      String model = "model-refresh.models.model-" + i;
      properties.put(model + ".feature-views", "view_" + i);
      properties.put(model + ".server.protocol", "open-inference");
      properties.put(model + ".server.replicas", "http://127.0.0.1:8000");
      properties.put(model + ".refresh.quiet-period", "0s");
      properties.put(model + ".refresh.max-wait", "0s");
      properties.put(model + ".refresh.on-start", "never");
    }
    return CatalogFactory.create(
        new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .addDiscoveredCustomizers()
            .withSources(new PropertiesConfigSource(properties, "benchmark", 100))
            .build());
  }
}
