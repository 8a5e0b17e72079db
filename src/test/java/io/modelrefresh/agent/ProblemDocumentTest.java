package io.modelrefresh.agent;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong with a request, the answer is a problem document that says what and where. */
@QuarkusTest
class ProblemDocumentTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"count": "s3cret"}    | count: expected a whole number, at line 1, column
          {"count": 1.5e99}      | expected JSON, and numbers no larger than they may be, in the body
          {"count": ["s3cret"]}  | count: expected a whole number, at line 1, column
          {"max_age": "s3cret"}  | max_age: expected an ISO 8601 duration such as PT24H, at line 1
          ["s3cret"]             | body: expected a JSON object, at line 1
          {"count": 0}           | count: expected 1 to 10000, got 0
          {"count": -3}          | count: expected 1 to 10000, got -3
          {"count": 10001}       | count: expected 1 to 10000, got 10001
          """)
  void aReplayOfTheWrongTypeOrRangeNamesTheFieldAndWhatWasExpected(String body, String detail) {
    problem(400, post("/v1/dead-letters/replay", body))
        .body("detail", startsWith(detail))
        .body("detail", not(containsString("s3cret")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"count\": s3cret}", "{\"count\": 1", "s3cret"})
  void aReplayThatIsNoJsonIsToldWhere(String body) {
    problem(400, post("/v1/dead-letters/replay", body))
        .body("detail", containsString("in the body; not so at line 1, column"))
        .body("detail", not(containsString("s3cret")));
  }

  @Test
  void aReplayWithoutABodyIsToldWhatToSend() {
    problem(400, post("/v1/dead-letters/replay", ""))
        .body("detail", containsString("expected a JSON object, such as {\"count\": 100}"));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"feature_view": 7}                               | feature_view
          {"feature_view": "v", "change": "s3cret"}         | change
          {"feature_view": "v", "row_count": "s3cret"}      | row_count
          {"feature_view": "v", "event_timestamp": "s3cret"}| event_timestamp
          {}                                                | feature_view
          {"feature_view":                                  | JSON
          """)
  void anUpdateThatCannotBeDecodedIsNotPublishedAndNamesTheField(String body, String field) {
    problem(400, post("/v1/feature-updates", body)).body("detail", containsString(field));
  }

  @Test
  void anUnknownPathIsNotFound() {
    problem(404, RestAssured.get("/v1/nothing").then());
  }

  @Test
  void anUnknownModelIsNamed() {
    problem(404, RestAssured.get("/v1/models/nobody").then())
        .body("detail", equalTo("the catalog has no model \"nobody\""));
  }

  @Test
  void anotherMethodIsNotAllowed() {
    problem(405, RestAssured.delete("/v1/models").then());
  }

  @Test
  void anotherTypeOfBodyIsNotSupported() {
    problem(
        415,
        RestAssured.given()
            .contentType(ContentType.XML)
            .body("<count>1</count>")
            .post("/v1/dead-letters/replay")
            .then());
  }

  @Test
  void anotherTypeOfAnswerIsNotToBeHad() {
    problem(406, RestAssured.given().accept(ContentType.XML).get("/v1/models").then());
  }

  private static ValidatableResponse post(String path, String body) {
    return RestAssured.given().contentType(ContentType.JSON).body(body).post(path).then();
  }

  private static ValidatableResponse problem(int status, ValidatableResponse answer) {
    return answer
        .statusCode(status)
        .contentType("application/problem+json")
        .body("status", equalTo(status))
        .body("type", equalTo("about:blank"));
  }
}
