package io.modelrefresh.agent;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import java.io.IOException;
import java.net.Socket;
import java.net.URL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies that are too large, or are none. */
@QuarkusTest
@WithTestResource(ModelFleet.class)
class HostileRequestTest {

  private static final int MEBIBYTE = 1024 * 1024;

  @TestHTTPResource("/")
  URL address;

  private static ValidatableResponse post(String path, String body) {
    return RestAssured.given().contentType(ContentType.JSON).body(body).post(path).then();
  }

  @Test
  void anUpdateOverAMebibyteIsRefusedWithAProblemDocumentThatSaysSo() {
    post("/v1/feature-updates", "{\"feature_view\":\"v\",\"x\":\"" + "x".repeat(MEBIBYTE) + "\"}")
        .statusCode(400)
        .contentType("application/problem+json")
        .body("detail", equalTo("data: expected at most 1048576 bytes"));
  }

  /** The connection is closed upon the answer, so that whoever went on sending may not see it. */
  @ParameterizedTest
  @ValueSource(
      strings = {"/v1/feature-updates", "/v1/dead-letters/replay", "/v1/models/once/refresh"})
  void whatIsOverTenMebibytesIsNotReadAtAll(String path) throws IOException {
    String head =
        "POST %s HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, 10 * MEBIBYTE + 1);
    try (Socket socket = new Socket(address.getHost(), address.getPort())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(head.getBytes(US_ASCII));

      String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);

      assertThat(answer).startsWith("HTTP/1.1 413 ");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          null                                 | expected a JSON object
          {"count": 0}                         | count: expected 1 to 10000
          {"max_age": "PT9223372036854775807S"} | max_age: expected at most
          """)
  void aReplayThatCannotBeMeantIsABadRequest(String body, String problem) {
    post("/v1/dead-letters/replay", body)
        .statusCode(400)
        .contentType("application/problem+json")
        .body("detail", containsString(problem));
  }

  @Test
  void soIsOneWithoutABody() {
    RestAssured.given()
        .contentType(ContentType.JSON)
        .post("/v1/dead-letters/replay")
        .then()
        .statusCode(400)
        .contentType("application/problem+json")
        .body("detail", containsString("expected a JSON object"));
  }

  @Test
  void aReplayThatIsNoJsonIsABadRequestThatTellsNothingOfTheCode() {
    post("/v1/dead-letters/replay", "{\"count\": \"many\"}")
        .statusCode(400)
        .body(not(containsString("io.modelrefresh")));
  }
}
