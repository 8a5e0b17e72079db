package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.CatalogFile;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The catalogs that the manifests mount are ones the agent takes. */
class CatalogsTest {

  static Stream<Path> catalogs() {
    return Kustomizations.files().filter(file -> file.endsWith("catalog.yaml"));
  }

  @ParameterizedTest
  @MethodSource("catalogs")
  void theAgentTakesTheCatalogAndEveryModelHasAnObjectiveForTheAlerts(Path file) {
    var catalog = new CatalogFile(file);

    assertThat(catalog.parse(catalog.read()).models())
        .isNotEmpty()
        .allSatisfy(model -> assertThat(model.refresh().objective()).isPresent());
  }

  @Test
  void thereIsOneForTheBaseAndOneForGke() {
    assertThat(catalogs())
        .map(file -> Kustomizations.ROOT.relativize(file).toString())
        .containsExactly("base/catalog.yaml", "overlays/gke/catalog.yaml");
  }
}
