package io.modelrefresh.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What aliases do in a catalog's file; what else it may say is as anywhere else. */
class CatalogFileTest {

  private final CatalogFile file = new CatalogFile(Path.of("catalog.yaml"));

  @Test
  void modelsMayShareWhatAnAliasStandsFor() {
    Catalog catalog =
        file.parse(
            """
            model-refresh:
              models:
                a:
                  feature-views: &views [users, cards]
                  server: {protocol: open-inference, replicas: "http://a:8000"}
                b:
                  feature-views: *views
                  server: {protocol: open-inference, replicas: "http://b:8000"}
            """);

    assertThat(catalog.models()).hasSize(2);
    assertThat(catalog.model("b").orElseThrow().featureViews()).hasSize(2);
  }

  @Test
  void aliasesOfAliasesThatFillAnyMemoryAreRefused() {
    StringBuilder yaml = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 24; i++) {
      yaml.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
    }

    assertThatThrownBy(() -> file.parse(yaml.toString()))
        .isInstanceOf(UnreadableCatalogException.class)
        .hasMessageContaining("catalog.yaml")
        .hasMessageContaining("expected at most 1000000 values once its aliases are written out");
  }

  @Test
  void anAliasWithinWhatItStandsForIsRefused() {
    assertThatThrownBy(() -> file.parse("model-refresh: {models: &a {b: [*a]}}"))
        .isInstanceOf(UnreadableCatalogException.class)
        .hasMessageContaining("an alias stands within what it stands for");
  }
}
