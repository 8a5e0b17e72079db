package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.request.MountedFile;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TritonServerTest {

  private static final Instant WATERMARK = Instant.parse("2026-11-22T10:00:00.123456Z");
  private static final String FILE_KEY = "model-refresh.models.fraud.server.config-file";

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final FakeTriton triton = FakeTriton.start().model("fraud");

  @TempDir Path directory;

  @AfterEach
  void close() {
    triton.close();
    http.close();
    vertx.close();
  }

  private ReplicaLoader loader(Optional<Path> configFile) {
    return new VerifiedLoader(
        http,
        new TritonServer("fraud", configFile.map(file -> new MountedFile(vertx, FILE_KEY, file))),
        ReplicaAccess.OPEN,
        Duration.ofSeconds(20));
  }

  private LoadOutcome load(String rolloutId) {
    return load(rolloutId, Optional.empty());
  }

  private LoadOutcome load(String rolloutId, Optional<Path> configFile) {
    return loader(configFile)
        .load(triton.replica(), new LoadRequest(rolloutId, Optional.of(WATERMARK), List.of(), true))
        .await()
        .indefinitely();
  }

  private ObservedWatermark observed() {
    return loader(Optional.empty()).observed(triton.replica()).await().indefinitely();
  }

  private List<String> requests() {
    return triton.requests().stream().map(sent -> sent.method() + " " + sent.uri()).toList();
  }

  @Test
  void aModelWhoseFilesDidNotChangeIsReallyLoadedByEveryRollout() {
    assertThat(load("rollout-1")).isEqualTo(new Confirmed());
    assertThat(load("rollout-2")).isEqualTo(new Confirmed());

    assertThat(triton.reloads("fraud")).isEqualTo(2);
  }

  @Test
  void nothingButTheMarkOfTheConfigurationChanges() {
    JsonObject config =
        new JsonObject(
            """
            {"name": "fraud", "platform": "ensemble", "max_batch_size": 9007199254740993,
             "input": [{"name": "é\\"", "dims": [-1, 4], "optional": false}],
             "optimization": {"priority": "PRIORITY_DEFAULT", "threshold": 1.0E-5},
             "instance_group": [], "version_policy": {"latest": {"num_versions": 1}},
             "parameters": {"kept": {"string_value": "as it is"}}}
            """);
    triton.model("fraud", config);

    load("rollout-1");

    JsonObject inForce = triton.config("fraud");
    assertThat(inForce.getJsonObject("parameters").remove("feature_refresh_watermark"))
        .isEqualTo(new JsonObject().put("string_value", WATERMARK + "/rollout-1"));
    assertThat(inForce).isEqualTo(config);
  }

  @Test
  void aModelWithoutParametersGetsTheMark() {
    triton.model("fraud", new JsonObject().put("name", "fraud").putNull("parameters"));

    assertThat(load("rollout-1")).isEqualTo(new Confirmed());
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404})
  void aModelThatIsNotLoadedIsLoadedFromItsDirectoryAndMarked(int status) {
    triton.notLoadedStatus(status).unloaded("fraud");

    assertThat(load("rollout-1")).isEqualTo(new Confirmed());

    assertThat(requests())
        .containsSubsequence(
            "GET /v2/models/fraud/config",
            "POST /v2/repository/models/fraud/load",
            "GET /v2/models/fraud/config",
            "POST /v2/repository/models/fraud/load",
            "GET /v2/models/fraud/config",
            "GET /v2/models/fraud/ready");
    assertThat(triton.loads("fraud").get(0).body()).isEqualTo("{}");
    assertThat(observed()).isEqualTo(new ObservedWatermark.Known(WATERMARK, "rollout-1"));
  }

  @Test
  void aModelThatCannotBeLoadedAtAllIsRefusedWithTheServersReason() {
    triton.unloaded("fraud").failNext(1, 400);

    assertThat(load("rollout-1"))
        .isEqualTo(
            new Failed(
                Kind.REFUSED,
                "POST /v2/repository/models/fraud/load answered 400: scripted failure"));
  }

  @Test
  void aFailedLoadLeavesWhatServes() {
    load("rollout-1");
    triton.failNext(1, 400);

    assertThat(load("rollout-2")).isInstanceOf(Failed.class);

    assertThat(observed()).isEqualTo(new ObservedWatermark.Known(WATERMARK, "rollout-1"));
  }

  @Test
  void aLoadRepeatedByItsOwnRolloutIsDoneOnce() {
    // Such as after a time-out: what it started then covers no less.
    load("rollout-1");

    assertThat(load("rollout-1")).isEqualTo(new Confirmed());

    assertThat(triton.reloads("fraud")).isEqualTo(1);
  }

  @Test
  void editsOfTheModelDirectoryAreMaskedButThoseOfTheConfigFileTakeEffect() throws IOException {
    Path file = directory.resolve("config.json");
    load("rollout-1");
    triton.edit("fraud", new JsonObject().put("name", "fraud").put("max_batch_size", 16));

    load("rollout-2");
    Integer masked = triton.config("fraud").getInteger("max_batch_size");
    Files.writeString(file, "{\"name\": \"fraud\", \"max_batch_size\": 16}");
    load("rollout-3", Optional.of(file));
    Integer fromFile = triton.config("fraud").getInteger("max_batch_size");
    Files.writeString(file, "{\"name\": \"fraud\", \"max_batch_size\": 32}");
    load("rollout-4", Optional.of(file));

    assertThat(masked).isEqualTo(8);
    assertThat(fromFile).isEqualTo(16);
    assertThat(triton.config("fraud").getInteger("max_batch_size")).isEqualTo(32);
  }

  @Test
  void withAConfigFileAModelThatIsNotLoadedIsLoadedByIt() throws IOException {
    Path file = Files.writeString(directory.resolve("config.json"), "{\"max_batch_size\": 16}");
    triton.unloaded("fraud");

    assertThat(load("rollout-1", Optional.of(file))).isEqualTo(new Confirmed());

    assertThat(triton.loads("fraud")).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                      | there is no such file",
        "''                    | it is empty",
        "name: \"fraud\"       | expected a model configuration as one JSON object",
        "[]                    | expected a model configuration as one JSON object",
        "{\"parameters\": []}  | expected a model configuration as one JSON object"
      })
  void aConfigFileOfNoUseIsNamedAndNothingIsSent(String content, String problem)
      throws IOException {
    Path file = directory.resolve("config.json");
    if (content != null) {
      Files.writeString(file, content);
    }

    assertThat(load("rollout-1", Optional.of(file)))
        .isEqualTo(
            new Failed(Kind.REFUSED, FILE_KEY + ": " + file + " cannot be used: " + problem));

    assertThat(triton.requests()).isEmpty();
  }

  @Test
  void theObservedWatermarkOutlivesTheAgentButNotTheServer() {
    assertThat(observed()).isEqualTo(new ObservedWatermark.Nothing());

    load("rollout-1");
    assertThat(observed()).isEqualTo(new ObservedWatermark.Known(WATERMARK, "rollout-1"));

    triton.stop();
    assertThat(observed())
        .isInstanceOfSatisfying(
            ObservedWatermark.Unknown.class,
            unknown ->
                assertThat(unknown.reason())
                    // Refused, or closed where the client has not noticed yet.
                    .startsWith("GET /v2/models/fraud/config: Connection "));

    triton.startAgain();
    assertThat(observed()).isEqualTo(new ObservedWatermark.Nothing());

    triton.unloaded("fraud");
    assertThat(observed()).isEqualTo(new ObservedWatermark.Nothing());
  }

  @ParameterizedTest
  @CsvSource({
    "2026-11-22T10:00:00.123456Z/r-1, true",
    "2026-11-22T10:00:00.123456Z/a/b, true",
    "/r-1, false",
    "'', false",
    "2026-11-22T10:00:00.123456Z, false",
    "yesterday/r-1, false"
  })
  void onlyAMarkOfOursIsAWatermark(String mark, boolean known) {
    ObservedWatermark observed = ObservedWatermark.of(mark);

    assertThat(observed)
        .isEqualTo(
            known
                ? new ObservedWatermark.Known(WATERMARK, mark.substring(mark.indexOf('/') + 1))
                : new ObservedWatermark.Nothing());
  }

  @Test
  void aServerThatCannotShowItsConfigurationIsNotLoaded() {
    triton.failConfigReads(503);
    String reason = "GET /v2/models/fraud/config answered 503: scripted failure";

    assertThat(load("rollout-1")).isEqualTo(new Failed(Kind.REFUSED, reason));
    assertThat(observed()).isEqualTo(new ObservedWatermark.Unknown(reason));
    assertThat(triton.loads("fraud")).isEmpty();
  }

  @Test
  void aServerThatNeverShowsItsConfigurationHoldsNobodyUp() {
    triton.hangConfigReads();
    ReplicaLoader loader =
        new VerifiedLoader(
            http,
            new TritonServer("fraud", Optional.empty()),
            ReplicaAccess.OPEN,
            Duration.ofMillis(400));

    assertThat(loader.observed(triton.replica()).await().indefinitely())
        .isEqualTo(new ObservedWatermark.Unknown("no answer within 400 ms"));
    assertThat(
            loader
                .load(
                    triton.replica(),
                    new LoadRequest("rollout-1", Optional.empty(), List.of(), true))
                .await()
                .indefinitely())
        .isEqualTo(
            new Failed(
                Kind.TIMED_OUT,
                "the load was not done within 400 ms: GET /v2/models/fraud/config got no answer"));
  }

  @Test
  void aLargeConfigurationIsSentWholeAndOneTooLargeNotAtAll() {
    triton.model("fraud", new JsonObject().put("name", "fraud").put("x", "y".repeat(900_000)));
    assertThat(load("rollout-1")).isEqualTo(new Confirmed());

    triton.model("fraud", new JsonObject().put("name", "fraud").put("x", "y".repeat(1_100_000)));

    assertThat(load("rollout-2"))
        .isInstanceOfSatisfying(
            Failed.class,
            failed ->
                assertThat(failed.reason())
                    .startsWith(
                        "GET /v2/models/fraud/config answered no model configuration in its first"
                            + " 1048576 bytes: 200: ")
                    .hasSizeLessThan(400));
  }

  @Test
  void aProtocolThatCannotTellSaysSo() {
    ReplicaLoader loader =
        new VerifiedLoader(
            http, new OpenInferenceServer("fraud"), ReplicaAccess.OPEN, Duration.ofSeconds(20));

    assertThat(loader.observed(triton.replica()).await().indefinitely())
        .isInstanceOf(ObservedWatermark.Unknown.class);
    assertThat(triton.requests()).isEmpty();
  }
}
