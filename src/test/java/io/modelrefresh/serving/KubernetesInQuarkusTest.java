package io.modelrefresh.serving;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;

/** The agent with a model on a Kubernetes service, and no API server to ask. */
@QuarkusTest
@TestProfile(KubernetesInQuarkusTest.NoApiServer.class)
class KubernetesInQuarkusTest {

  public static class NoApiServer implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "quarkus.kubernetes-client.api-server-url", "http://127.0.0.1:1",
          "model-refresh.models.fraud.feature-views", "driver_hourly_stats",
          "model-refresh.models.fraud.server.protocol", "open-inference",
          "model-refresh.models.fraud.server.replicas", "kubernetes://ml/fraud:8000");
    }
  }

  @Test
  void theAgentIsUpAndSaysThatTheReplicasAreUnknown() {
    int management =
        ConfigProvider.getConfig().getValue("quarkus.management.test-port", Integer.class);

    await()
        .untilAsserted(
            () ->
                given()
                    .port(management)
                    .get("/q/health/well")
                    .then()
                    .statusCode(503)
                    .body(
                        "checks.find { it.name == 'replica-discovery' }.data.'ml/fraud'",
                        containsString("the API server cannot be asked: Connection refused")));
    given().port(management).get("/q/health/live").then().statusCode(200);
    given().port(management).get("/q/health/started").then().statusCode(200);
  }
}
