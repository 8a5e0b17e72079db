package io.modelrefresh.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.emulator.EmbeddedPubSub;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;

/** What the README promises of dev mode: the agent, an emulator and a demo model, and one curl. */
@QuarkusTest
@TestProfile(DevModeTest.Dev.class)
class DevModeTest {

  public static class Dev implements QuarkusTestProfile {
    @Override
    public String getConfigProfile() {
      return "dev";
    }
  }

  @Inject EmbeddedPubSub emulator;

  @Test
  void oneCurlChangesThePredictionOfBothReplicasAndItsEffectIsShown() {
    String subscription = "projects/dev/subscriptions/feature-updates-sub";
    awaitIdle();
    List<Float> before = predictions();
    assertThat(before).as("both replicas predict the same").containsOnly(before.get(0));
    assertThat(predictions()).as("nothing changes by itself").isEqualTo(before);

    String message =
        RestAssured.given()
            .contentType(ContentType.JSON)
            .body("{\"feature_view\": \"driver_hourly_stats\"}")
            .post("/v1/feature-updates")
            .then()
            .statusCode(202)
            .extract()
            .path("message_id");

    await().until(() -> emulator.probe(subscription).ackedMessageIds().contains(message));
    assertThat(predictions())
        .containsOnly(predictions().get(0))
        .doesNotContainAnyElementsOf(before);
    assertThat(
            RestAssured.get("/v1/models/fraud-detector")
                .then()
                .extract()
                .<List<String>>path("replicas.observed_watermark"))
        .hasSize(2)
        .containsOnly(
            RestAssured.get("/v1/models/fraud-detector")
                .then()
                .extract()
                .<String>path("desired_watermark"));
    assertThat(RestAssured.get(management("/q/metrics")).asString())
        .contains(
            "model_refresh_propagation_seconds_count{model=\"fraud-detector\"} 1",
            "model_refresh_freshness_seconds_count{model=\"fraud-detector\"} 1",
            "feature_update_delivery_lag_seconds_count 1");
  }

  /** The refresh that every model owes on start is done. */
  private static void awaitIdle() {
    await()
        .until(
            () ->
                RestAssured.get("/v1/models/fraud-detector").path("last_success") != null
                    && "idle".equals(RestAssured.get("/v1/models/fraud-detector").path("state")));
  }

  private static List<Float> predictions() {
    return List.of(prediction(8091), prediction(8092));
  }

  private static float prediction(int port) {
    return RestAssured.given()
        .contentType(ContentType.JSON)
        .body(
            "{\"inputs\": [{\"name\": \"amount\", \"shape\": [1], \"datatype\": \"FP64\","
                + " \"data\": [120.0]}]}")
        .post("http://127.0.0.1:" + port + "/v2/models/fraud-detector/infer")
        .then()
        .statusCode(200)
        .extract()
        .path("outputs[0].data[0]");
  }

  private static String management(String path) {
    return "http://localhost:"
        + ConfigProvider.getConfig().getValue("quarkus.management.test-port", String.class)
        + path;
  }
}
