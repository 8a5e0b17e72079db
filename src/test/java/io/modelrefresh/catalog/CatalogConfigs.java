package io.modelrefresh.catalog;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;

/** Configuration as the agent reads it, with Quarkus' converters, of the given properties only. */
public final class CatalogConfigs {

  private CatalogConfigs() {}

  public static Catalog catalog(Map<String, String> properties) {
    return CatalogFactory.create(config(properties));
  }

  static SmallRyeConfig config(Map<String, String> properties, Class<?>... mappings) {
    var builder =
        new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .addDefaultInterceptors()
            .addDiscoveredCustomizers()
            .withSources(new PropertiesConfigSource(properties, "test", 100));
    for (Class<?> mapping : mappings) {
      builder.withMapping(mapping);
    }
    return builder.build();
  }

  /** A model without mistakes, changed or added to by pairs of key and value; null removes. */
  public static Map<String, String> model(String name, String... changes) {
    String key = "model-refresh.models." + name + ".";
    Map<String, String> properties = new HashMap<>();
    properties.put(key + "feature-views", "driver_hourly_stats");
    properties.put(key + "server.protocol", "open-inference");
    properties.put(key + "server.replicas", "http://" + name + ":8000");
    for (int i = 0; i < changes.length; i += 2) {
      if (changes[i + 1] == null) {
        properties.remove(key + changes[i]);
      } else {
        properties.put(key + changes[i], changes[i + 1]);
      }
    }
    return properties;
  }

  @SafeVarargs
  static Map<String, String> all(Map<String, String>... models) {
    Map<String, String> properties = new HashMap<>();
    for (Map<String, String> model : models) {
      properties.putAll(model);
    }
    return properties;
  }
}
