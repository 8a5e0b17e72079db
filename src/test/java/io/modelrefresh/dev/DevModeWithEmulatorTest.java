package io.modelrefresh.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.pubsub.PubSubServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Dev mode with an emulator that somebody else started, in which there is nothing yet. */
@QuarkusTest
@TestProfile(DevModeTest.Dev.class)
@WithTestResource(DevModeWithEmulatorTest.EmptyEmulator.class)
class DevModeWithEmulatorTest {

  /** Named to the agent as PUBSUB_EMULATOR_HOST names it. */
  public static final class EmptyEmulator implements QuarkusTestResourceLifecycleManager {

    private static EmbeddedPubSub emulator;

    @Override
    public Map<String, String> start() {
      emulator = EmbeddedPubSub.start();
      return Map.of("PUBSUB_EMULATOR_HOST", emulator.address());
    }

    @Override
    public void stop() {
      emulator.close();
    }
  }

  @Inject PubSubServer server;

  @Test
  void theAgentCreatesWhatItNeedsThereAndAnUpdateTakesEffect() {
    assertThat(server).isNotInstanceOf(EmbeddedPubSubServer.class);

    String message =
        RestAssured.given()
            .contentType(ContentType.JSON)
            .body("{\"feature_view\": \"driver_hourly_stats\"}")
            .post("/v1/feature-updates")
            .then()
            .statusCode(202)
            .extract()
            .path("message_id");

    await()
        .until(
            () ->
                EmptyEmulator.emulator
                    .probe("projects/dev/subscriptions/feature-updates-sub")
                    .ackedMessageIds()
                    .contains(message));
  }
}
