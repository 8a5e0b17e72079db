package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Server;
import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpQueueTest extends QueueScenarios {

  private static final String KEY = "model-refresh.models.fraud.retraining.http";

  private final HttpClient client =
      vertx.createHttpClient(new HttpClientOptions().setKeepAlive(false));
  private final ScriptedServer server =
      new ScriptedServer(vertx, request -> new JsonObject(request.body()).getString("name"));
  private volatile Duration timeout = Duration.ofSeconds(20);
  @TempDir private Path directory;

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Override
  Http target() {
    return target("/jobs", "{job.json}", timeout);
  }

  private Http target(String path, String body, Duration timeout) {
    return target(path, body, timeout, true);
  }

  private Http target(String path, String body, Duration timeout, boolean tellsDuplicates) {
    return new Http(
        new Server("http", "127.0.0.1", server.port()),
        "POST",
        path,
        Map.of("X-Team", "fraud"),
        body,
        Set.of(),
        Set.of(409),
        tellsDuplicates,
        new Authentication.None(),
        Optional.empty(),
        timeout);
  }

  @Override
  RetrainingQueue queue() {
    return queue(target(), Optional.empty());
  }

  private RetrainingQueue queue(Http target, Optional<Uni<String>> token) {
    return new HttpQueue(client, target, token, KEY);
  }

  @Override
  List<String> jobs() {
    return server.jobs();
  }

  @Override
  void down() {
    server.down();
  }

  @Override
  void up() {
    server.up();
  }

  @Override
  void forbid(boolean forbidden) {
    server.answer(forbidden ? 403 : 0);
  }

  @Override
  void assertForbidden(String problem) {
    assertThat(problem).contains("answered 403").contains("look at the authentication");
  }

  @Override
  void stall() {
    timeout = Duration.ofMillis(300);
    server.stall(true);
  }

  @Override
  void release() {
    await("one that was given up made it").until(() -> !jobs().isEmpty());
    timeout = Duration.ofSeconds(20);
    server.stall(false);
  }

  @Override
  Outcome outcomeOfASecondAttempt() {
    return Outcome.DUPLICATE;
  }

  @Test
  void theRequestIsWhatTheTemplatesSay() {
    Http target =
        target(
            "/dags/retrain/dagRuns?model={job.model}",
            "{\"dag_run_id\": \"{job.name}\", \"conf\": {job.json}}",
            Duration.ofSeconds(10));

    server.answer(201);
    assertThat(enqueue(target)).isEqualTo(Enqueued.created());

    ScriptedServer.Request sent = server.requests().get(0);
    assertThat(sent.method()).isEqualTo("POST");
    assertThat(sent.uri()).isEqualTo("/dags/retrain/dagRuns?model=fraud");
    assertThat(sent.headers())
        .containsEntry("x-team", "fraud")
        .containsEntry("content-type", "application/json")
        .containsEntry("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    JsonObject body = new JsonObject(sent.body());
    assertThat(body.getString("dag_run_id")).isEqualTo(name());
    assertThat(body.getJsonObject("conf").getString("reason")).isEqualTo("schema");
    assertThat(body.getJsonObject("conf").getJsonArray("feature_views").getJsonObject(0).getMap())
        .isEqualTo(Map.of("feature_view", "driver_hourly_stats", "feature_view_version", "7"));
  }

  @ParameterizedTest
  @CsvSource({"200, CREATED", "204, CREATED", "409, DUPLICATE"})
  void aStatusSaysWhatBecameOfTheJob(int status, Outcome outcome) {
    server.answer(status);

    assertThat(enqueue(target())).extracting(Enqueued::outcome).isEqualTo(outcome);
  }

  @Test
  void whatCameSinceACrashIsOwedThoughTheServerAnswersForAnOldJobAsForANewOne() {
    server.answersAlike(true);
    RetrainingQueue queue = queue(target("/jobs", "{job.json}", timeout, false), Optional.empty());
    crashBetweenTheJobAndItsRecord(queue);

    Retraining next = agent(queue);
    receive(next, PUBLISHED.plusSeconds(5));

    await()
        .untilAsserted(
            () ->
                assertThat(next.status("fraud"))
                    .singleElement()
                    .satisfies(
                        status -> {
                          assertThat(status.lastWindow()).contains(PUBLISHED);
                          assertThat(status.notBefore())
                              .contains(PUBLISHED.plus(RetrainedModel.COOLDOWN));
                        }));
    assertThat(jobs()).containsExactly(name());
  }

  @ParameterizedTest
  @CsvSource({
    "400, INVALID",
    "422, INVALID",
    "401, FORBIDDEN",
    "404, UNAVAILABLE",
    "500, UNAVAILABLE",
  })
  void anyOtherStatusIsAFailureThatNamesTheServer(int status, EnqueueFailedException.Kind kind) {
    server.answer(status);

    EnqueueFailedException failure =
        catchThrowableOfType(EnqueueFailedException.class, () -> enqueue(target()));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure)
        .hasMessageContaining("http://127.0.0.1:" + server.port() + ": answered " + status);
  }

  @Test
  void aRedirectIsNotFollowed() {
    server.redirectTo("http://127.0.0.1:1/elsewhere");

    assertThatThrownBy(() -> enqueue(target())).hasMessageContaining("answered 307");
    assertThat(server.requests()).hasSize(1);
  }

  /** Whatever an event says, the request goes to the host configured and to no other path. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://evil.example/",
        "//evil.example/x",
        "@evil.example",
        "../../admin",
        "a/../../b",
        "x?admin=true#",
        "x\r\nHost: evil.example\r\n\r\nGET /",
        "evil.example:80/",
        "..",
      })
  void anEventChoosesNoHostAndNoPath(String hostile) {
    Http target =
        target(
            "/jobs/{job.detail}?view={job.feature_views.0.feature_view}",
            "{job.json}",
            Duration.ofSeconds(10));
    RetrainingJob job =
        RetrainingJob.of(
            "fraud",
            Kind.SCHEMA,
            new Owed(
                PUBLISHED,
                PUBLISHED,
                PUBLISHED,
                new Cause(hostile, hostile, Optional.of(hostile), Map.of(hostile, "1"))));

    try {
      queue(target, Optional.empty()).enqueue(job).await().atMost(Duration.ofSeconds(20));
    } catch (EnqueueFailedException refused) {
      assertThat(refused.kind()).isEqualTo(EnqueueFailedException.Kind.INVALID);
      assertThat(server.requests()).isEmpty();
      return;
    }

    ScriptedServer.Request sent = server.requests().get(0);
    assertThat(sent.uri()).matches("/jobs/[A-Za-z0-9._~%-]+\\?view=[A-Za-z0-9._~%-]+");
    assertThat(sent.headers())
        .containsEntry("host", "127.0.0.1:" + server.port())
        .doesNotContainKey("traceparent");
    assertThat(new JsonObject(sent.body()).getString("name")).isEqualTo(job.name());
  }

  @Test
  void aTokenIsReadAnewForEachRequestAndNeverTold() throws IOException {
    Path file = Files.writeString(directory.resolve("token"), "first\n");
    RetrainingQueue queue =
        queue(
            target(),
            Optional.of(
                new BearerToken(new MountedFile(vertx, KEY + ".bearer-token-file", file)).read()));
    server.answer(500);

    assertThatThrownBy(() -> queue.enqueue(job()).await().indefinitely())
        .hasMessageContaining("answered 500")
        .hasMessageNotContaining("first");
    Files.writeString(file, "second\n");
    assertThatThrownBy(() -> queue.enqueue(job()).await().indefinitely());

    assertThat(server.requests())
        .extracting(request -> request.headers().get("authorization"))
        .containsExactly("Bearer first", "Bearer second");
  }

  @Test
  void withoutItsTokenNothingIsSent() {
    RetrainingQueue queue =
        queue(
            target(),
            Optional.of(
                new BearerToken(
                        new MountedFile(vertx, KEY + ".bearer-token-file", directory.resolve("no")))
                    .read()));

    assertThatThrownBy(() -> queue.enqueue(job()).await().indefinitely())
        .hasMessageContaining(KEY + ".bearer-token-file")
        .hasMessageContaining("there is no such file");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aBrokenTemplateIsNamedWithItsKeyAndPlace() {
    assertThatThrownBy(
            () ->
                queue(target("/jobs", "{\n\"x\": {#if}}", Duration.ofSeconds(1)), Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(KEY + ".body: line 2");
    assertThatThrownBy(
            () ->
                new HttpQueue(
                        client,
                        target("/jobs/{job.nmae}", "{job.json}", Duration.ofSeconds(1)),
                        Optional.empty(),
                        KEY)
                    .check("fraud"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(KEY + ".url: line 1")
        .hasMessageContaining("nmae");
  }

  private Enqueued enqueue(Http target) {
    return queue(target, Optional.empty()).enqueue(job()).await().atMost(Duration.ofSeconds(20));
  }
}
