package io.modelrefresh.agent;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may change something over HTTP in production, where a token is mounted. */
@QuarkusTest
@WithTestResource(OperatorAccessTest.MountedToken.class)
class OperatorAccessTest {

  private static final String TOKEN = "c2VjcmV0-1";

  /** The token as a Secret has it mounted. */
  public static final class MountedToken implements QuarkusTestResourceLifecycleManager {

    private static Path file;

    @Override
    public Map<String, String> start() {
      try {
        file = Files.createTempFile("operators", ".token");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      write(TOKEN + "\n");
      return Map.of(
          "model-refresh.api.open", "false", "model-refresh.api.token-file", file.toString());
    }

    static void write(String content) {
      try {
        Files.writeString(file, content);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void stop() {
      try {
        Files.delete(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @AfterEach
  void restore() {
    MountedToken.write(TOKEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/models/fraud/refresh",
        "/v1/models/fraud/pause",
        "/v1/models/fraud/resume",
        "/v1/feature-updates",
        "/v1/dead-letters/replay"
      })
  void withoutATokenNothingIsChanged(String path) {
    given()
        .contentType("application/json")
        .body("{}")
        .post(path)
        .then()
        .statusCode(401)
        .header("WWW-Authenticate", "Bearer")
        .contentType("application/problem+json")
        .body(
            "detail",
            is(
                "expected the token of model-refresh.api.token-file as Authorization:"
                    + " Bearer TOKEN"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Bearer c2VjcmV0-2",
        "Bearer ",
        "Bearer c2VjcmV0-1x",
        "Basic c2VjcmV0-1",
        "c2VjcmV0-1"
      })
  void anythingButTheTokenIsRefused(String authorization) {
    given()
        .header("Authorization", authorization)
        .post("/v1/models/fraud/refresh")
        .then()
        .statusCode(401)
        .body(not(containsString(TOKEN)));
  }

  @Test
  void whoeverShowsTheTokenIsLetIn() {
    given()
        .header("Authorization", "Bearer " + TOKEN)
        .post("/v1/models/fraud/refresh")
        .then()
        .statusCode(404)
        .body("detail", is("the catalog has no model \"fraud\""));
  }

  @Test
  void aRotatedTokenTakesEffectAtOnce() {
    MountedToken.write("rotated");

    given()
        .header("Authorization", "Bearer " + TOKEN)
        .post("/v1/models/x/pause")
        .then()
        .statusCode(401);
    given()
        .header("Authorization", "Bearer rotated")
        .post("/v1/models/x/pause")
        .then()
        .statusCode(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "two words"})
  void aTokenThatCannotBeUsedLetsNobodyIn(String content) {
    MountedToken.write(content);

    given()
        .header("Authorization", "Bearer " + content)
        .post("/v1/models/fraud/refresh")
        .then()
        .statusCode(503)
        .body("detail", is("the agent's log says why the token cannot be read"));
  }

  @Test
  void whoeverAsksIsToldWhatTheyMayDo() {
    given()
        .get("/v1/access")
        .then()
        .statusCode(200)
        .header("Cache-Control", "no-store")
        .body("may_change", is(false))
        .body("by_token", is(true));
    given()
        .header("Authorization", "Bearer " + TOKEN)
        .get("/v1/access")
        .then()
        .statusCode(200)
        .body("may_change", is(true))
        .body("by_token", is(true));
  }

  @Test
  void whoeverAsksWithAWrongTokenOrOneThatCannotBeCheckedIsToldSo() {
    given().header("Authorization", "Bearer wrong").get("/v1/access").then().statusCode(401);
    MountedToken.write("two words");
    given().header("Authorization", "Bearer two words").get("/v1/access").then().statusCode(503);
  }

  @Test
  void everybodyMayLook() {
    given().get("/v1/models").then().statusCode(200);
  }
}
