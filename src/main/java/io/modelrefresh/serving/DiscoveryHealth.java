package io.modelrefresh.serving;

import io.smallrye.health.api.Wellness;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * Whether replicas can be followed where something tells of them. A matter of the cluster, so it is
 * shown ({@code /q/health/well}) and never makes the agent restart or leave service.
 */
@Wellness
class DiscoveryHealth implements HealthCheck {

  private final ModelServers servers;

  DiscoveryHealth(ModelServers servers) {
    this.servers = servers;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("replica-discovery").up();
    for (OutOfContact lost : servers.outOfContact()) {
      response
          .down()
          .withData(
              lost.service(),
              "since "
                  + lost.since()
                  + ": "
                  + lost.reason()
                  + (lost.replicasKnown()
                      ? "; the replicas are those found last"
                      : "; the replicas are unknown"));
    }
    return response.build();
  }
}
