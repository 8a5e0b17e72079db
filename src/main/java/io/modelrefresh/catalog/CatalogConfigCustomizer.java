package io.modelrefresh.catalog;

import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SmallRyeConfigBuilderCustomizer;

/**
 * Leaves the models to {@link CatalogConfigReader}: to a mapping of the other {@code model-refresh}
 * keys they would be unknown, and an unknown key fails the start.
 */
public final class CatalogConfigCustomizer implements SmallRyeConfigBuilderCustomizer {

  @Override
  public void configBuilder(SmallRyeConfigBuilder builder) {
    builder.withMappingIgnore(CatalogConfigReader.MODELS + ".**");
  }
}
