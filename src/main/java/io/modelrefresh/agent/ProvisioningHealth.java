package io.modelrefresh.agent;

import io.modelrefresh.pubsub.provisioning.Shortcoming;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready is an agent that has the topics and subscriptions it cannot do without. Each that falls
 * short is named, with the command that helps; so are those it can do without.
 */
@Readiness
class ProvisioningHealth implements HealthCheck {

  private final Provisioning provisioning;

  ProvisioningHealth(Provisioning provisioning) {
    this.provisioning = provisioning;
  }

  @Override
  public HealthCheckResponse call() {
    var found = provisioning.shortcomings();
    var response = HealthCheckResponse.named("provisioning");
    found.forEach(each -> response.withData(each.resource(), each.text()));
    return response.status(found.stream().noneMatch(Shortcoming::blocking)).build();
  }
}
