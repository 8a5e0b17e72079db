package io.modelrefresh.catalog;

import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.source.yaml.YamlConfigSource;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * A catalog in a file of its own, such as a mounted ConfigMap: YAML or properties, with the keys
 * under {@code model-refresh.models} that the application's configuration would have. What else the
 * file says, and the environment, play no part.
 */
public final class CatalogFile {

  private static final int ORDINAL = 100;

  private final Path location;

  public CatalogFile(Path location) {
    this.location = location;
  }

  public Path location() {
    return location;
  }

  /**
   * What the file says now. Blocks.
   *
   * @throws UnreadableCatalogException when there is no such file, or it cannot be read
   */
  public String read() {
    try {
      return Files.readString(location);
    } catch (NoSuchFileException e) {
      throw new UnreadableCatalogException(location, "there is no such file", e);
    } catch (IOException e) {
      throw new UnreadableCatalogException(location, "it cannot be read: " + e, e);
    }
  }

  /**
   * The catalog that a content of the file describes.
   *
   * @throws UnreadableCatalogException when it is neither YAML nor properties, as its name has it
   * @throws ConfigValidationException listing every unknown key and every value of a wrong type
   * @throws InvalidCatalogException listing every other mistake
   */
  public Catalog parse(String content) {
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .withConverter(Duration.class, ORDINAL, new DurationConverter())
            .withSources(source(content))
            .build();
    Problems problems = new Problems();
    for (String key : config.getPropertyNames()) {
      problems.require(
          key.startsWith(CatalogConfigReader.MODELS + "."),
          location.toString(),
          "expected keys under " + CatalogConfigReader.MODELS + " only",
          key);
    }
    problems.throwIfAny();
    return CatalogFactory.create(config);
  }

  private ConfigSource source(String content) {
    String name = location.toString();
    try {
      if (name.endsWith(".yaml") || name.endsWith(".yml")) {
        YamlExpansion.requireModest(content);
        return new YamlConfigSource(name, content, ORDINAL);
      }
      if (name.endsWith(".properties")) {
        return new PropertiesConfigSource(properties(content), name, ORDINAL);
      }
    } catch (IOException | RuntimeException e) {
      throw new UnreadableCatalogException(location, "it cannot be parsed: " + e.getMessage(), e);
    }
    throw new UnreadableCatalogException(
        location, "expected a name that ends with .yaml, .yml or .properties");
  }

  private static Map<String, String> properties(String content) throws IOException {
    Properties parsed = new Properties();
    parsed.load(new StringReader(content));
    Map<String, String> properties = new HashMap<>();
    parsed.stringPropertyNames().forEach(key -> properties.put(key, parsed.getProperty(key)));
    return properties;
  }
}
