package io.modelrefresh.agent;

import io.modelrefresh.leadership.Standing;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready is the active agent, and a standby that knows who is. One that cannot ask is not: there may
 * be no active agent at all.
 */
@Readiness
class LeaseHealth implements HealthCheck {

  private final ActiveAgent agent;

  LeaseHealth(ActiveAgent agent) {
    this.agent = agent;
  }

  @Override
  public HealthCheckResponse call() {
    var response = HealthCheckResponse.named("lease").up();
    agent.problem().ifPresent(problem -> response.withData("problem", problem));
    if (agent.standing() instanceof Standing.Standby standby) {
      response.withData("standing", "standby");
      standby.holder().ifPresent(holder -> response.withData("holder", holder));
      return response.status(standby.holder().isPresent() && agent.problem().isEmpty()).build();
    }
    return response.withData("standing", "active").build();
  }
}
