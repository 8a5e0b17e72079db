package io.modelrefresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.agent.AgentConfig;
import io.modelrefresh.catalog.CatalogConfig;
import io.modelrefresh.pubsub.PubSubConnector;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import io.smallrye.reactive.messaging.annotations.ConnectorAttribute;
import io.smallrye.reactive.messaging.annotations.ConnectorAttribute.Direction;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The README's configuration reference is the configuration there is: every key, its default. */
class ReadmeTest {

  private static final String NONE = "–";

  @Test
  void everyConfigurationKeyIsInTheReadmeWithItsDefaultAndNoOther() throws IOException {
    List<String> expected = new ArrayList<>();
    keys("model-refresh", CatalogConfig.class, expected);
    keys("model-refresh", AgentConfig.class, expected);

    assertThat(rows("| `model-refresh.")).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void everyAttributeOfTheInboundChannelIsInTheReadmeWithItsDefaultAndNoOther() throws IOException {
    List<String> expected =
        Arrays.stream(PubSubConnector.class.getAnnotationsByType(ConnectorAttribute.class))
            .filter(attribute -> attribute.direction() != Direction.OUTGOING)
            .map(
                attribute ->
                    row(
                        attribute.name(),
                        attribute.defaultValue().equals(ConnectorAttribute.NO_VALUE)
                            ? Optional.empty()
                            : Optional.of(attribute.defaultValue())))
            .toList();

    assertThat(rows("| `"))
        .filteredOn(row -> !row.contains("model-refresh.") && !row.contains(" /"))
        .containsAll(expected);
    assertThat(expected).isNotEmpty();
  }

  private static void keys(String prefix, Class<?> group, List<String> rows) {
    for (Method property : group.getDeclaredMethods()) {
      if (property.isSynthetic()) {
        continue;
      }
      String key =
          prefix
              + "."
              + Optional.ofNullable(property.getAnnotation(WithName.class))
                  .map(WithName::value)
                  .orElseGet(() -> kebab(property.getName()));
      Type type = unwrapped(property.getGenericReturnType());
      if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
        Type value = map.getActualTypeArguments()[1];
        if (value instanceof Class<?> nested && nested.isInterface()) {
          keys(key + ".MODEL", nested, rows);
        } else {
          rows.add(row(key + ".NAME", Optional.empty()));
        }
      } else if (type instanceof Class<?> nested && nested.isInterface() && nested != Path.class) {
        keys(key, nested, rows);
      } else {
        rows.add(
            row(
                key,
                Optional.ofNullable(property.getAnnotation(WithDefault.class))
                    .map(WithDefault::value)));
      }
    }
  }

  private static Type unwrapped(Type type) {
    return type instanceof ParameterizedType optional && optional.getRawType() == Optional.class
        ? optional.getActualTypeArguments()[0]
        : type;
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static String row(String key, Optional<String> byDefault) {
    return "| `%s` | %s |".formatted(key, byDefault.map(value -> "`" + value + "`").orElse(NONE));
  }

  /** The first two cells of the tables' rows that begin so. */
  private static List<String> rows(String beginning) throws IOException {
    return readme()
        .lines()
        .filter(line -> line.startsWith(beginning))
        .map(line -> line.split("\\|"))
        .filter(cells -> cells.length == 4)
        .map(cells -> "|" + cells[1] + "|" + cells[2] + "|")
        .collect(Collectors.toList());
  }

  private static String readme() throws IOException {
    return Files.readString(Path.of("README.md"));
  }
}
