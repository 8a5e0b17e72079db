package io.modelrefresh.agent;

import io.modelrefresh.retraining.Retraining;
import io.modelrefresh.retraining.RetrainingFactory;
import io.smallrye.health.api.Wellness;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Whether what is owed, or will be, can be recorded and enqueued. A matter of the queues, so it is
 * shown ({@code /q/health/well}) and never makes the agent restart or leave service.
 */
@Wellness
class RetrainingHealth implements HealthCheck {

  private final Retraining retraining;
  private final RetrainingFactory queues;

  RetrainingHealth(Retraining retraining, RetrainingFactory queues) {
    this.retraining = retraining;
    this.queues = queues;
  }

  @Override
  public HealthCheckResponse call() {
    var response = HealthCheckResponse.named("retraining").up();
    Map<String, String> problems = new TreeMap<>(queues.doubts());
    problems.putAll(retraining.problems());
    problems.forEach(
        (model, problem) ->
            response.down().withData(model.isEmpty() ? "every model" : model, problem));
    return response.build();
  }
}
