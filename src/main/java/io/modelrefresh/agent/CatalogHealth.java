package io.modelrefresh.agent;

import io.modelrefresh.catalog.LiveCatalog;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Startup;

/** Started means: configuration and catalog are loaded. A bad one never gets this far. */
@Startup
class CatalogHealth implements HealthCheck {

  private final LiveCatalog catalog;

  CatalogHealth(LiveCatalog catalog) {
    this.catalog = catalog;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("catalog")
        .withData("models", catalog.current().models().size())
        .up()
        .build();
  }
}
