package io.modelrefresh.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.api.SilentCloseable;
import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.core.JsonPointer;
import io.modelrefresh.FuzzInput;
import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.serving.ServerAnswer.Declined;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What a model server may answer, on a socket: on the first line what is asked of it, then, as
 * bytes, what it answers to each request, apart by lines of {@code ===}.
 */
class ModelServerAnswerFuzzTest {

  private static final String SECRET = "s3cret/+";
  private static final Duration ANSWERED = Duration.ofSeconds(20);
  private static final Duration TIMEOUT = Duration.ofMillis(300);
  private static final LoadRequest LOAD =
      new LoadRequest("r-1", Optional.of(Instant.EPOCH), List.of(), true);

  private static final ModelServer OPEN_INFERENCE = new OpenInferenceServer("m");
  private static final ModelServer TRITON = new TritonServer("m", Optional.empty());
  private static final ModelServer SMOKE_CHECKED =
      new SmokeCheckedServer(
          OPEN_INFERENCE,
          new SmokeCheck("/infer", Optional.of("{}"), Optional.of(JsonPointer.compile("/a/0"))),
          "key");
  private static final ModelServer HTTP =
      new HttpModelServer(
          "m",
          new HttpRequestTemplate(
              "PUT", "/reload", Map.of(), Optional.empty(), Set.of(200, 404), Optional.empty()),
          "key");

  private final RawServer server = RawServer.start();
  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private Path file;
  private ReplicaAccess access;

  @BeforeEach
  void token() throws IOException {
    file = Files.createTempFile("access", ".token");
    Files.writeString(file, SECRET);
    access =
        new ReplicaAccess(
            Optional.empty(), Optional.of(new BearerToken(new MountedFile(vertx, "key", file))));
  }

  @AfterEach
  void close() throws IOException {
    http.close();
    server.close();
    vertx.close();
    Files.delete(file);
  }

  @FuzzTest
  @SuppressWarnings("try") // The permission ends with the block.
  void anyAnswerIsAnOutcomeThatSaysNothingItShouldNot(byte[] input) {
    // To the server; Jazzer takes any connection for a way to somewhere else.
    try (SilentCloseable allowed = BugDetectors.allowNetworkConnections()) {
      ask(FuzzInput.of(input));
    }
  }

  private void ask(FuzzInput script) {
    server.answer(
        Stream.of(new String(script.body(), ISO_8859_1).split("\n===\n", -1))
            .map(answer -> answer.getBytes(ISO_8859_1))
            .toList());
    switch (script.head().get(0)) {
      case "triton" -> asked(TRITON.load(client(), LOAD));
      case "triton observed" -> observed(TRITON.observed(client()));
      case "smoke check" -> asked(SMOKE_CHECKED.ready(client(), LOAD));
      case "http" -> asked(HTTP.load(client(), LOAD));
      case "all of a load" -> loaded();
      default -> asked(OPEN_INFERENCE.load(client(), LOAD));
    }
  }

  private ReplicaClient client() {
    return new ReplicaClient(http, server.replica(), access);
  }

  private static void asked(Uni<ServerAnswer> answer) {
    try {
      if (answer.await().atMost(ANSWERED) instanceof Declined declined) {
        isFitForALog(declined.reason());
      }
    } catch (UnreachableReplicaException e) {
      isFitForALog(e.getMessage());
    }
  }

  private static void observed(Uni<ObservedWatermark> answer) {
    try {
      if (answer.await().atMost(ANSWERED) instanceof ObservedWatermark.Unknown unknown) {
        isFitForALog(unknown.reason());
      }
    } catch (UnreachableReplicaException e) {
      isFitForALog(e.getMessage());
    }
  }

  /** Never fails, and within the timeout. */
  private void loaded() {
    LoadOutcome outcome =
        new VerifiedLoader(http, SMOKE_CHECKED, access, TIMEOUT)
            .load(server.replica(), LOAD)
            .await()
            .atMost(ANSWERED);
    if (outcome instanceof LoadOutcome.Failed failed) {
      isFitForALog(failed.reason());
    }
  }

  private static void isFitForALog(String reason) {
    assertThat(reason)
        .isNotBlank()
        .hasSizeLessThan(1_000)
        .matches("\\P{Cntrl}+")
        .doesNotContain(SECRET);
  }
}
