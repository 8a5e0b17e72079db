package io.modelrefresh.infrastructure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A stack's configuration: what is wrong is named with its key. */
class SettingsTest {

  @ParameterizedTest
  @CsvSource({
    "retentionDays, 31, 1 to 7",
    "exactlyOnce, yes, true or false",
    "ordering, 1, true or false",
    "schema, avro, none or protobuf",
    "kubernetesServiceAccount, agent, namespace/name",
    "publishers, store@p.iam.gserviceaccount.com, members such as",
  })
  void aWrongValueIsNamedWithItsKeyAndWhatIsExpected(String key, String value, String expected) {
    assertThatThrownBy(
            () -> Settings.read("p", asked -> Optional.of(value).filter(any -> asked.equals(key))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model-refresh:" + key + ": expected ")
        .hasMessageContaining(expected)
        .hasMessageContaining('"' + value + '"');
  }

  @Test
  void theReadmeListsEveryKeyAndNoOther() throws Exception {
    Set<String> asked = new HashSet<>();
    Settings.read(
        "p",
        key -> {
          asked.add(key);
          return Optional.empty();
        });

    assertThat(
            Files.readString(Path.of("README.md"))
                .lines()
                .filter(line -> line.startsWith("| `model-refresh:"))
                .map(line -> line.replaceAll("^\\| `model-refresh:(\\w+)`.*", "$1")))
        .containsExactlyInAnyOrderElementsOf(asked);
  }
}
