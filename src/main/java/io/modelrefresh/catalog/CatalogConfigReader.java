package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.ModelConfig;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValidationException.Problem;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.NameIterator;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.microprofile.config.spi.Converter;

/**
 * Reads {@link CatalogConfig} out of the whole configuration, some models at a time.
 *
 * <p>SmallRye scans all property names twice for each model of a map: ten thousand models mapped at
 * once take a minute or two, and fifty at a time about a second. So the catalog is no mapping of
 * the whole configuration; {@link CatalogConfigCustomizer} tells that to the others.
 */
final class CatalogConfigReader {

  static final String MODELS = "model-refresh.models";

  private static final String MODELS_IN_ENVIRONMENT = inEnvironment(MODELS) + "_";

  /** The scans cost the square of this; what each configuration costs is shared by as many. */
  private static final int MODELS_AT_ONCE = 50;

  private final Converter<Duration> durations;
  private final Map<String, Map<String, String>> propertiesByModel = new TreeMap<>();
  private final Map<String, String> environment = new HashMap<>();
  private final Set<String> namesInEnvironment = new HashSet<>();

  private final Map<String, ModelConfig> models = new TreeMap<>();
  private final Map<String, Problem> problems = new LinkedHashMap<>();

  private CatalogConfigReader(SmallRyeConfig config) {
    durations = config.getConverter(Duration.class).orElseThrow();
    for (String property : config.getPropertyNames()) {
      if (property.startsWith(MODELS + ".")) {
        String model = new NameIterator(property, MODELS.length()).getNextSegment();
        propertiesByModel
            .computeIfAbsent(model, name -> new HashMap<>())
            .put(property, config.getConfigValue(property).getValue());
      }
    }
    propertiesByModel.keySet().forEach(name -> namesInEnvironment.add(inEnvironment(name)));
    for (var source : config.getConfigSources(EnvConfigSource.class)) {
      environment.putAll(source.getProperties());
    }
    environment.keySet().removeIf(name -> !inEnvironment(name).startsWith(MODELS_IN_ENVIRONMENT));
  }

  /**
   * @throws ConfigValidationException listing every unknown key and every value of a wrong type
   */
  static CatalogConfig read(SmallRyeConfig config) {
    return new CatalogConfigReader(config).read();
  }

  private CatalogConfig read() {
    List<String> names = List.copyOf(propertiesByModel.keySet());
    for (int from = 0; from < names.size(); from += MODELS_AT_ONCE) {
      read(names.subList(from, Math.min(from + MODELS_AT_ONCE, names.size())));
    }
    if (!environment.isEmpty()) {
      read(List.of());
    }
    if (!problems.isEmpty()) {
      throw new ConfigValidationException(problems.values().toArray(Problem[]::new));
    }
    return () -> models;
  }

  private void read(List<String> names) {
    Map<String, String> properties = new HashMap<>();
    names.forEach(name -> properties.putAll(propertiesByModel.get(name)));
    SmallRyeConfigBuilder builder =
        new SmallRyeConfigBuilder()
            // The agent's own, which reads 30s; a search for converters would take most of the time
            .withConverter(Duration.class, 100, durations)
            .withMapping(CatalogConfig.class, "model-refresh")
            .withSources(new PropertiesConfigSource(properties, "models", 100));
    if (!environment.isEmpty()) {
      builder.withSources(new EnvConfigSource(environment, 300));
    }
    try {
      CatalogConfig mapped = builder.build().getConfigMapping(CatalogConfig.class, "model-refresh");
      Set<String> asked = Set.copyOf(names);
      mapped
          .models()
          .forEach(
              (name, model) -> {
                if (asked.contains(name) || isOfEnvironmentOnly(name)) {
                  models.put(name, model);
                }
              });
    } catch (ConfigValidationException e) {
      for (int i = 0; i < e.getProblemCount(); i++) {
        problems.put(e.getProblem(i).getMessage(), e.getProblem(i));
      }
    }
  }

  /**
   * A variable may also change a model that is read at another time, and looks half a model now.
   */
  private boolean isOfEnvironmentOnly(String name) {
    return !namesInEnvironment.contains(inEnvironment(name));
  }

  /** How MicroProfile Config spells a key, or a part of one, as an environment variable. */
  private static String inEnvironment(String key) {
    return key.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
  }
}
