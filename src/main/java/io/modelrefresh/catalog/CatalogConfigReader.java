package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.ModelConfig;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.NameIterator;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads {@link CatalogConfig} out of the whole configuration, some models at a time.
 *
 * <p>SmallRye scans all property names twice for each model of a map: ten thousand models mapped at
 * once take a minute or two, and a hundred at a time less than a second. So the catalog is no
 * mapping of the whole configuration; {@link CatalogConfigCustomizer} says so.
 */
final class CatalogConfigReader {

  static final String MODELS = "model-refresh.models";

  /**
   * The mapping's cost grows with the square of this, a configuration's own cost is shared by it.
   */
  private static final int MODELS_AT_ONCE = 100;

  private static final String IN_ENVIRONMENT = "MODEL_REFRESH_MODELS_";

  private final Map<String, Map<String, String>> propertiesByModel = new TreeMap<>();
  private final Map<String, String> environment = new HashMap<>();

  private final Map<String, ModelConfig> models = new TreeMap<>();
  private final List<ConfigValidationException.Problem> problems = new ArrayList<>();

  private CatalogConfigReader(SmallRyeConfig config) {
    for (String property : config.getPropertyNames()) {
      if (property.startsWith(MODELS + ".")) {
        String model = new NameIterator(property, MODELS.length()).getNextSegment();
        propertiesByModel
            .computeIfAbsent(model, name -> new LinkedHashMap<>())
            .put(property, config.getConfigValue(property).getValue());
      }
    }
    for (var source : config.getConfigSources(EnvConfigSource.class)) {
      source
          .getProperties()
          .forEach(
              (name, value) -> {
                if (name.toUpperCase(Locale.ROOT).startsWith(IN_ENVIRONMENT)) {
                  environment.put(name, value);
                }
              });
    }
  }

  /**
   * @throws ConfigValidationException listing every unknown key and every value of a wrong type
   */
  static CatalogConfig read(SmallRyeConfig config) {
    return new CatalogConfigReader(config).read();
  }

  private CatalogConfig read() {
    Map<String, String> some = new HashMap<>();
    int count = 0;
    for (Map<String, String> properties : propertiesByModel.values()) {
      some.putAll(properties);
      if (++count % MODELS_AT_ONCE == 0) {
        map(some);
        some.clear();
      }
    }
    map(some);
    if (!problems.isEmpty()) {
      throw new ConfigValidationException(
          problems.toArray(ConfigValidationException.Problem[]::new));
    }
    return () -> models;
  }

  /**
   * Models that only environment variables name are found each time, and are the same each time.
   */
  private void map(Map<String, String> properties) {
    SmallRyeConfigBuilder builder =
        new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(CatalogConfig.class, "model-refresh")
            .withSources(new PropertiesConfigSource(Map.copyOf(properties), "models", 100));
    if (!environment.isEmpty()) {
      builder.withSources(new EnvConfigSource(environment, 300));
    }
    try {
      models.putAll(
          builder.build().getConfigMapping(CatalogConfig.class, "model-refresh").models());
    } catch (ConfigValidationException e) {
      for (int i = 0; i < e.getProblemCount(); i++) {
        problems.add(e.getProblem(i));
      }
    }
  }
}
