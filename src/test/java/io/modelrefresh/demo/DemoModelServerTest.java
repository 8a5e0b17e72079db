package io.modelrefresh.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoModelServerTest {

  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient client = HttpClient.newHttpClient();
  private DemoModelServer server;

  @BeforeEach
  void start() {
    server = done(start(List.of(0, 0)));
  }

  @AfterEach
  void close() {
    done(server.close());
    vertx.close();
  }

  private Future<DemoModelServer> start(List<Integer> ports) {
    return DemoModelServer.start(
        vertx,
        "127.0.0.1",
        ports,
        Map.of("fraud-detector", "driver_hourly_stats"),
        new DemoFeatureStore(),
        CLOCK);
  }

  @Test
  void aPredictionIsTheInputTimesTheFeatureLoaded() {
    JsonObject answer = infer(0);

    double convRate = answer.getJsonObject("parameters").getDouble("conv_rate");
    assertThat(answer.getJsonObject("parameters").getString("features_loaded_at"))
        .isEqualTo(NOW.toString());
    assertThat(answer.getJsonArray("outputs").getJsonObject(0).getJsonArray("data").getDouble(0))
        .isEqualTo(Math.round(100 * convRate));
  }

  @Test
  void aPredictionStaysTheSameUntilTheReplicaLoads() {
    double before = score(0);
    load(1);

    assertThat(score(0)).isEqualTo(before);
  }

  @Test
  void afterEveryLoadThePredictionIsAnother() {
    for (int i = 0; i < 100; i++) {
      double before = score(0);
      load(0);
      assertThat(score(0)).isNotEqualTo(before);
    }
  }

  @Test
  void replicasThatLoadForTheSameUpdateServeTheSame() {
    for (int i = 0; i < 3; i++) {
      load(0);
      load(1);
      assertThat(score(0)).isEqualTo(score(1));
    }
  }

  @Test
  void valuesThatAreWrittenAreServedOnceLoaded() {
    double before = score(0);

    send(0, "PUT", "/features/driver_hourly_stats", "{\"conv_rate\":0.07}", 200);
    assertThat(score(0)).isEqualTo(before);
    load(0);
    load(1);

    assertThat(score(0)).isEqualTo(7.0);
    assertThat(score(1)).isEqualTo(7.0);
  }

  @Test
  void anUnloadedModelIsNotReadyUntilItIsLoaded() {
    send(0, "POST", "/v2/repository/models/fraud-detector/unload", "{}", 200);

    send(0, "GET", "/v2/models/fraud-detector/ready", "", 400);
    assertThat(state()).isEqualTo("UNAVAILABLE");
    load(0);
    send(0, "GET", "/v2/models/fraud-detector/ready", "", 200);
    assertThat(state()).isEqualTo("READY");
  }

  @Test
  void itTellsWhatItIsAndServes() {
    assertThat(new JsonObject(send(0, "GET", "/v2", "", 200)).getString("name"))
        .isEqualTo("demo-model-server");
    send(0, "GET", "/v2/health/ready", "", 200);
    assertThat(
            new JsonObject(send(0, "GET", "/v2/models/fraud-detector", "", 200)).getString("name"))
        .isEqualTo("fraud-detector");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"inputs\":[{}]}",
        "{\"inputs\":[7]}",
        "{\"inputs\":[{\"data\":[\"x\"]}]}"
      })
  void aMalformedInferenceIsTheCallersError(String body) {
    assertThat(send(0, "POST", "/v2/models/fraud-detector/infer", body, 400)).contains("error");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/v2/models", "/v2/models/other", "/features", "/v2/models/x/y/z"})
  void whatIsNotThereIsNotFound(String path) {
    assertThat(send(0, "GET", path, "", 404)).contains("error");
  }

  @Test
  void aPortInUseFailsTheStartAndLeavesNothingRunning() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      int free = server.ports().get(0);
      done(server.close());
      awaitFree(free);

      assertThatThrownBy(() -> done(start(List.of(free, taken.getLocalPort()))))
          .hasMessageContaining("in use");

      awaitFree(free);
    }
    server = done(start(List.of(0)));
  }

  /** A closed server's port is free only after the event loop's next turn. */
  private static void awaitFree(int port) {
    await()
        .ignoreException(BindException.class)
        .until(
            () -> {
              new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1")).close();
              return true;
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inputs\":[{\"data\":[null]}]}",
        "{\"inputs\":[null]}",
        "{\"inputs\":[{\"data\":[1e999]}]}",
        "[]",
        "nonsense"
      })
  void aMalformedInferenceRequestIsAnsweredWithAnError(String body) {
    send(0, "POST", "/v2/models/fraud-detector/infer", body, 400);
  }

  private double score(int replica) {
    return infer(replica)
        .getJsonArray("outputs")
        .getJsonObject(0)
        .getJsonArray("data")
        .getDouble(0);
  }

  private JsonObject infer(int replica) {
    return new JsonObject(
        send(
            replica,
            "POST",
            "/v2/models/fraud-detector/infer",
            "{\"inputs\":[{\"name\":\"input\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[100]}]}",
            200));
  }

  private void load(int replica) {
    send(replica, "POST", "/v2/repository/models/fraud-detector/load", "{}", 200);
  }

  private String state() {
    return new JsonArray(send(0, "POST", "/v2/repository/index", "", 200))
        .getJsonObject(0)
        .getString("state");
  }

  private String send(int replica, String method, String path, String body, int status) {
    URI uri = URI.create("http://127.0.0.1:" + server.ports().get(replica) + path);
    HttpResponse<String> response =
        client
            .sendAsync(
                HttpRequest.newBuilder(uri)
                    .version(HttpClient.Version.HTTP_1_1)
                    .method(method, HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .join();
    assertThat(response.statusCode())
        .as("%s %s: %s", method, path, response.body())
        .isEqualTo(status);
    return response.body();
  }

  private static <T> T done(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }
}
