package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {

  private static final String KEY = "model-refresh.models.m.server.bearer-token-file";

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final FakeTriton replica = FakeTriton.start().model("m");

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void place() {
    file = directory.resolve("token");
  }

  @AfterEach
  void close() {
    replica.close();
    http.close();
    vertx.close();
  }

  private ReplicaLoader loader() {
    return new VerifiedLoader(
        http,
        new TritonServer("m", Optional.empty()),
        new ReplicaAccess(
            Optional.empty(), Optional.of(new BearerToken(new MountedFile(vertx, KEY, file)))),
        Duration.ofSeconds(20));
  }

  private static LoadRequest request(String rolloutId) {
    return new LoadRequest(rolloutId, Optional.empty(), List.of(), true);
  }

  private LoadOutcome load(ReplicaLoader loader, String rolloutId) {
    return loader.load(replica.replica(), request(rolloutId)).await().indefinitely();
  }

  private List<String> tokensSent() {
    return replica.requests().stream()
        .map(sent -> String.valueOf(sent.headers().get("authorization")))
        .distinct()
        .toList();
  }

  @Test
  void everyRequestCarriesTheTokenAsItIsNow() throws IOException {
    ReplicaLoader loader = loader();
    Files.writeString(file, "first.token\n");
    assertThat(load(loader, "rollout-1")).isEqualTo(new Confirmed());

    // As a mounted Secret changes: another file in its place.
    Files.move(
        Files.writeString(directory.resolve("next"), "second-token=="),
        file,
        StandardCopyOption.REPLACE_EXISTING);

    assertThat(load(loader, "rollout-2")).isEqualTo(new Confirmed());
    assertThat(tokensSent()).containsExactly("Bearer first.token", "Bearer second-token==");
  }

  @Test
  void readingTheObservedWatermarkCarriesTheTokenToo() throws IOException {
    Files.writeString(file, "token");

    loader().observed(replica.replica()).await().indefinitely();

    assertThat(tokensSent()).containsExactly("Bearer token");
  }

  @Test
  void aMissingFileFailsTheLoadNamingKeyAndFile() {
    assertThat(load(loader(), "rollout-1"))
        .isEqualTo(
            new Failed(Kind.REFUSED, KEY + ": " + file + " cannot be used: there is no such file"));
    assertThat(replica.requests()).isEmpty();
  }

  @Test
  void anEmptyFileFailsTheLoadNamingKeyAndFile() throws IOException {
    Files.writeString(file, "\n");

    assertThat(load(loader(), "rollout-1"))
        .isEqualTo(new Failed(Kind.REFUSED, KEY + ": " + file + " cannot be used: it is empty"));
    assertThat(replica.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"s3cret\r\nX-Admin: yes", "s3cret more", "s3crét", "{\"s3cret\": 1}"})
  void whatIsNoTokenIsNeitherSentNorQuoted(String content) throws IOException {
    Files.writeString(file, content);

    assertThat(load(loader(), "rollout-1"))
        .isInstanceOfSatisfying(
            Failed.class,
            failed ->
                assertThat(failed.reason())
                    .startsWith(KEY + ": " + file + " cannot be used: expected nothing but a token")
                    .doesNotContain("s3cr"));
    assertThat(replica.requests()).isEmpty();
  }

  @Test
  void aTokenThatTheServerRepeatsIsNotPassedOn() throws IOException {
    Files.writeString(file, "s3cret");
    replica.failNext(1, 401, new JsonObject().put("error", "bad token s3cret").encode());

    assertThat(load(loader(), "rollout-1"))
        .isEqualTo(
            new Failed(
                Kind.REFUSED, "POST /v2/repository/models/m/load answered 401: bad token ..."));
  }

  @Test
  void norIsOneThatItRepeatsWithEscapes() throws IOException {
    Files.writeString(file, "s3cret/+");
    replica.failNext(1, 401, "{\"error\": \"bad token s3cret\\/\\u002b\"}");

    assertThat(load(loader(), "rollout-1"))
        .isEqualTo(
            new Failed(
                Kind.REFUSED, "POST /v2/repository/models/m/load answered 401: bad token ..."));
  }
}
