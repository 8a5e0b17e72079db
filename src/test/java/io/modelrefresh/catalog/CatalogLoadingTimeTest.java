package io.modelrefresh.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Test;

class CatalogLoadingTimeTest {

  private static final Logger LOG = Logger.getLogger(CatalogLoadingTimeTest.class);

  @Test
  void tenThousandModelsLoad() {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      properties.putAll(
          CatalogConfigs.model(
              "model-" + i, "feature-views", "view_" + i + ",payments/card_stats:age"));
    }

    var config = CatalogConfigs.config(properties);

    long start = System.nanoTime();
    Catalog catalog = CatalogFactory.create(config);
    long end = System.nanoTime();

    LOG.infof("10,000 models were read in %d ms", (end - start) / 1_000_000);
    assertThat(catalog.models()).hasSize(10_000);
  }
}
