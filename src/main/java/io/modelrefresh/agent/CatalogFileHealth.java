package io.modelrefresh.agent;

import io.smallrye.health.api.Wellness;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Whether the catalog's file is the one in force. A matter of who writes it, so it is shown ({@code
 * /q/health/well}) and never makes the agent restart or leave service.
 */
@Wellness
class CatalogFileHealth implements HealthCheck {

  private final CatalogReload catalog;

  CatalogFileHealth(CatalogReload catalog) {
    this.catalog = catalog;
  }

  @Override
  public HealthCheckResponse call() {
    var response = HealthCheckResponse.named("catalog-file").up();
    catalog
        .refusal()
        .ifPresent(
            refusal ->
                response
                    .down()
                    .withData("since", refusal.since().toString())
                    .withData("reason", refusal.reason()));
    return response.build();
  }
}
