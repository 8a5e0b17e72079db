package io.modelrefresh.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.update.FeatureUpdateEncoder;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.util.Map;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(CatalogStartTest.OneModel.class)
class CatalogStartTest {

  public static class OneModel implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return CatalogConfigs.model("fraud", "server.timeout", "5s");
    }
  }

  @Inject LiveCatalog catalog;
  @Inject FeatureUpdateEncoder encoder;

  @Test
  void theRunningAgentHasTheCatalogOfItsConfiguration() {
    assertThat(catalog.current().models())
        .singleElement()
        .satisfies(model -> assertThat(model.server().timeout()).hasSeconds(5));
    assertThat(encoder).isNotNull();
  }
}
