package io.modelrefresh.agent;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;

/** The whole agent with a model that is retrained by a Job, and an API server in this JVM. */
@QuarkusTest
@WithTestResource(RetrainingInQuarkusTest.Cluster.class)
class RetrainingInQuarkusTest {

  public static class Cluster implements QuarkusTestResourceLifecycleManager {

    private static ApiServer server;

    @Override
    public Map<String, String> start() {
      server = new ApiServer().up();
      String model = "model-refresh.models.fraud.";
      return Map.of(
          "quarkus.kubernetes-client.api-server-url",
          server.url(),
          "quarkus.kubernetes-client.namespace",
          "agents",
          model + "feature-views",
          "driver_hourly_stats",
          model + "server.protocol",
          "open-inference",
          model + "server.replicas",
          "http://127.0.0.1:1",
          model + "retraining.drift-at-least.psi",
          "0.2",
          model + "retraining.queue",
          "kubernetes",
          model + "retraining.kubernetes.template-file",
          "kubernetes/examples/retraining/job.yaml",
          "model-refresh.retraining.scan-interval",
          "200ms");
    }

    @Override
    public void stop() {
      server.close();
    }
  }

  @Inject EmbeddedPubSub emulator;

  @Test
  void aMissingPermissionIsShownAndOnceGrantedTheDriftHasOneJob() {
    Cluster.server.intercept(
        request ->
            request.getMethod().equals("POST") && request.getPath().endsWith("/jobs")
                ? Optional.of(ApiServer.refusal(403, "Forbidden", "no"))
                : Optional.empty());
    try (Topic topic = new Topic(emulator.address(), "dev")) {
      topic.publish(
          "{\"feature_view\": \"driver_hourly_stats\","
              + " \"drift\": {\"metric\": \"psi\", \"value\": 0.3}}");

      await()
          .untilAsserted(
              () ->
                  given()
                      .port(management())
                      .get("/q/health/well")
                      .then()
                      .statusCode(503)
                      .body(
                          "checks.find { it.name == 'retraining' }.data.fraud",
                          containsString("the verb create on jobs.batch in namespace agents")));
      given().port(management()).get("/q/health/live").then().statusCode(200);
      RestAssured.get("/v1/models/fraud")
          .then()
          .body("retraining[0].reason", equalTo("drift"))
          .body("retraining[0].problem", containsString("the verb create on jobs.batch"));
      Cluster.server.intercept(ApiServer.Interceptor.NONE);

      await().untilAsserted(() -> assertThat(jobs()).hasSize(1));
      assertThat(jobs().get(0).getMetadata().getAnnotations())
          .containsEntry("model-refresh.io/detail", "drift of driver_hourly_stats, psi 0.3 >= 0.2");
      await()
          .untilAsserted(
              () ->
                  RestAssured.get("/v1/retraining-jobs")
                      .then()
                      .body("[0].outcome", equalTo("enqueued"))
                      .body("[0].queue", equalTo("kubernetes")));
    }
  }

  private static List<Job> jobs() {
    return Cluster.server.admin().batch().v1().jobs().inNamespace("agents").list().getItems();
  }

  private static int management() {
    return ConfigProvider.getConfig().getValue("quarkus.management.test-port", Integer.class);
  }
}
