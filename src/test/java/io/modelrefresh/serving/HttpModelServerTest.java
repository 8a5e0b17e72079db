package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpModelServerTest {

  private static final String KEY = "model-refresh.models.fraud.server.http";
  private static final Instant WATERMARK = Instant.parse("2026-11-22T10:00:00.123Z");

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final FakeModelServer replica = FakeModelServer.start();
  private final EchoServer echo = EchoServer.start();

  @AfterEach
  void close() {
    echo.close();
    replica.close();
    http.close();
    vertx.close();
  }

  private static HttpRequestTemplate request(String path, Optional<String> body) {
    return new HttpRequestTemplate("POST", path, Map.of(), body, Set.of(404), Optional.empty());
  }

  private static FeatureUpdate update(String featureView) {
    return new FeatureUpdate(
        Optional.empty(),
        featureView,
        OptionalLong.of(7),
        Set.of("conv_rate"),
        List.of(
            Map.of(
                "driver_id", JsonNodeFactory.instance.numberNode(1001),
                "city", JsonNodeFactory.instance.textNode("Oslo"))),
        Instant.parse("2026-11-22T09:00:00Z"),
        Change.VALUES,
        OptionalLong.empty(),
        Optional.empty());
  }

  private LoadOutcome load(HttpRequestTemplate template, FeatureUpdate... updates) {
    return load(replica.replica(), template, updates);
  }

  private LoadOutcome load(
      Replica replica, HttpRequestTemplate template, FeatureUpdate... updates) {
    return new VerifiedLoader(
            http,
            new HttpModelServer("fraud", template, KEY),
            ReplicaAccess.OPEN,
            Duration.ofSeconds(20))
        .load(replica, new LoadRequest("rollout-1", Optional.of(WATERMARK), List.of(updates), true))
        .await()
        .indefinitely();
  }

  private FakeModelServer.Request sent() {
    assertThat(replica.requests()).hasSize(1);
    return replica.requests().get(0);
  }

  @Test
  void theRequestIsWhatTheTemplatesSay() {
    HttpRequestTemplate template =
        new HttpRequestTemplate(
            "PUT",
            "/models/{model}/reload?rollout={rolloutId}",
            Map.of("Authorization", "Bearer secret"),
            Optional.of(
                "{\"model\":\"{model}\",\"watermark\":\"{watermark}\",\"all\":{complete},"
                    + "\"updates\":{updates.json},\"views\":["
                    + "{#for u in updates}\"{u.feature_view}\"{#if u_hasNext},{/if}{/for}]}"),
            Set.of(404),
            Optional.empty());

    assertThat(load(template, update("a"), update("b"))).isEqualTo(new Confirmed());

    assertThat(sent().method()).isEqualTo("PUT");
    assertThat(sent().uri()).isEqualTo("/models/fraud/reload?rollout=rollout-1");
    assertThat(sent().headers())
        .containsEntry("authorization", "Bearer secret")
        .containsEntry("content-type", "application/json");
    JsonObject body = new JsonObject(sent().body());
    assertThat(body.getString("watermark")).isEqualTo(WATERMARK.toString());
    assertThat(body.getBoolean("all")).isTrue();
    assertThat(body.getJsonArray("views")).containsExactly("a", "b");
    JsonObject first = body.getJsonArray("updates").getJsonObject(0);
    assertThat(first.getString("feature_view")).isEqualTo("a");
    assertThat(first.getString("change")).isEqualTo("values");
    assertThat(first.getJsonArray("entity_keys").getJsonObject(0).getMap())
        .isEqualTo(Map.of("driver_id", 1001, "city", "Oslo"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\", \"admin\": \"",
        "back\\slash",
        "new\r\nline",
        "</script>{model}{#if}",
        "\u0000\u2028 é"
      })
  void anEventFieldCannotBreakOutOfAJsonString(String hostile) {
    LoadOutcome outcome =
        load(
            request("/reload", Optional.of("{\"view\": \"{updates.0.feature_view}\"}")),
            update(hostile));

    assertThat(outcome).isEqualTo(new Confirmed());
    assertThat(new JsonObject(sent().body()).getMap()).isEqualTo(Map.of("view", hostile));
  }

  @ParameterizedTest
  @CsvSource({
    "'//evil.example/x', /reload/%2F%2Fevil.example%2Fx",
    "'http://evil.example', /reload/http%3A%2F%2Fevil.example",
    "'a?b=c#d', /reload/a%3Fb%3Dc%23d",
    "'a\\b', /reload/a%5Cb",
    "'@evil.example', /reload/%40evil.example",
    "'%2e%2e', /reload/%252e%252e",
    "'é ', /reload/%C3%A9%20"
  })
  void anEventFieldIsOnePieceOfThePath(String hostile, String uri) {
    assertThat(load(request("/reload/{updates.0.feature_view}", Optional.empty()), update(hostile)))
        .isEqualTo(new Confirmed());

    assertThat(sent().uri()).isEqualTo(uri);
    assertThat(sent().headers().get("host")).isEqualTo("127.0.0.1:" + replica.replica().port());
  }

  @Test
  void lineBreaksInAnEventFieldCannotStartAnotherRequest() {
    load(
        request("/reload/{updates.0.feature_view}", Optional.empty()),
        update("x HTTP/1.1\r\nHost: evil.example\r\n\r\nGET /"));

    assertThat(sent().uri()).doesNotContain(" ").startsWith("/reload/x%20HTTP%2F1.1%0D%0AHost");
  }

  @ParameterizedTest
  @CsvSource({
    "http://evil.example/, x",
    "//evil.example/, x",
    "/\\evil.example/, x",
    "{updates.0.feature_view}, x",
    "/a b, x",
    "/a\u0001b, x",
    "/a#b, x",
    "/a/../b, x",
    "/a/%2E%2e, x",
    "/a/{updates.0.feature_view}/b, ..",
    "/a/{updates.0.feature_view}, .",
    "/a/{updates.0.feature_view};x, ..",
    "/a/{updates.0.entity_keys.0.city}/{updates.0.feature_view}, ..",
    "/a/{updates.0.entity_keys.0.city}/{updates.0.entity_keys.0.city.nothing}, x",
    "/a/{nothing}, x",
    "/a/{updates.5.feature_view}, x"
  })
  void aPathThatLeadsElsewhereIsRefusedAndNothingIsSent(String path, String featureView) {
    LoadOutcome outcome = load(request(path, Optional.empty()), update(featureView));

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.kind()).isEqualTo(Kind.REFUSED);
              assertThat(failed.reason()).startsWith(KEY + ".path: ").doesNotContain("Oslo");
            });
    assertThat(replica.requests()).isEmpty();
  }

  @Test
  void aFormIsEscapedAsAForm() {
    HttpRequestTemplate template =
        new HttpRequestTemplate(
            "POST",
            "/reload",
            Map.of("Content-Type", "application/x-www-form-urlencoded"),
            Optional.of("view={updates.0.feature_view}"),
            Set.of(404),
            Optional.empty());

    load(template, update("a&admin=1"));

    assertThat(sent().body()).isEqualTo("view=a%26admin%3D1");
  }

  @Test
  void aFieldTheEventDoesNotHaveIsEmpty() {
    load(
        request(
            "/reload",
            Optional.of("{\"p\":\"{updates.0.project ?: ''}\",\"n\":{updates.0.row_count.json}}")),
        update("a"));

    assertThat(sent().body()).isEqualTo("{\"p\":\"\",\"n\":null}");
  }

  @Test
  void onlyAcceptedStatusesAreALoad() {
    replica.model("m").loadRoute("POST", "/reload", "m");

    LoadOutcome outcome = load(request("/reload", Optional.empty()), update("a"));

    assertThat(outcome).isEqualTo(new Failed(Kind.REFUSED, "POST /reload answered 200: {}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/500/reload                                   | {updates.json}",
        "/json/500/reload                              | {updates.json}",
        "/500/reload                                   | {this.json}",
        "/500/reload                                   | {data:updates.json}",
        "/500/reload                                   | {#for u in updates}{#for k in u.entity_keys}{k.json}{/for}{/for}",
        "/500/reload                                   | {#let all=updates}{all.json}{/let}",
        "/500/reload                                   | {#with updates}{this.json}{/with}",
        "/500/reload/{updates.0.entity_keys.0.city}    | {model}",
        "/500/reload?of={updates.0.entity_keys.0.city} | {model}",
      })
  void whatIsAnsweredToARequestWithAnUpdateInItIsNotRepeated(String path, String body) {
    assertThat(reasonOf(path, body))
        .contains(" answered 500: what the server said")
        .doesNotContain("Oslo");
    assertThat(echo.echoed()).singleElement().asString().contains("Oslo");
  }

  @Test
  void norIsWhereItIsRedirectedTo() {
    assertThat(reasonOf("/307/{updates.0.entity_keys.0.city}", "{model}"))
        .isEqualTo(
            "POST /307/{updates.0.entity_keys.0.city} answered 307, and redirects are not followed");
    assertThat(echo.echoed()).singleElement().asString().contains("Oslo");
  }

  @Test
  void whatIsAnsweredToARequestWithNothingOfAnUpdateIsQuoted() {
    assertThat(reasonOf("/500/{model}", "{complete}"))
        .isEqualTo("POST /500/fraud answered 500: /500/fraud true");
  }

  private String reasonOf(String path, String body) {
    HttpRequestTemplate template =
        new HttpRequestTemplate(
            "POST", path, Map.of(), Optional.of(body), Set.of(), Optional.empty());
    LoadOutcome outcome = load(echo.replica(), template, update("a"));
    return ((Failed) outcome).reason();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{#if} | line 1, column 5",
        "{#for u in updates}{u} | line 1, column 23",
        "{\"a\":1, {#nothing/}} | line 1, column 19"
      })
  void aBrokenTemplateFailsAtOnceNamingItsKeyAndPlace(String body, String place) {
    assertThatThrownBy(() -> new HttpModelServer("m", request("/reload", Optional.of(body)), KEY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(KEY + ".body: " + place);
  }

  @Test
  void headersThatFrameTheMessageAreNotTheUsersToSet() {
    HttpRequestTemplate template =
        new HttpRequestTemplate(
            "POST",
            "/reload",
            Map.of("Transfer-Encoding", "chunked"),
            Optional.empty(),
            Set.of(),
            Optional.empty());

    assertThatThrownBy(() -> new HttpModelServer("m", template, KEY))
        .hasMessageStartingWith(KEY + ".headers.\"Transfer-Encoding\": ");
  }

  @Test
  void aBodyWhoseValuesCannotBeEscapedIsRefused() {
    HttpRequestTemplate template =
        new HttpRequestTemplate(
            "POST",
            "/reload",
            Map.of("Content-Type", "application/xml"),
            Optional.of("<x/>"),
            Set.of(),
            Optional.empty());

    assertThatThrownBy(() -> new HttpModelServer("m", template, KEY))
        .hasMessageContaining("content-type")
        .hasMessageContaining("application/xml");
  }
}
