package io.modelrefresh.agent;

import io.modelrefresh.retraining.Retraining;
import io.smallrye.health.api.Wellness;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Whether what is owed can be recorded and enqueued. A matter of the queues, so it is shown ({@code
 * /q/health/well}) and never makes the agent restart or leave service.
 */
@Wellness
class RetrainingHealth implements HealthCheck {

  private final Retraining retraining;

  RetrainingHealth(Retraining retraining) {
    this.retraining = retraining;
  }

  @Override
  public HealthCheckResponse call() {
    var response = HealthCheckResponse.named("retraining").up();
    retraining
        .problems()
        .forEach(
            (model, problem) ->
                response.down().withData(model.isEmpty() ? "every model" : model, problem));
    return response.build();
  }
}
