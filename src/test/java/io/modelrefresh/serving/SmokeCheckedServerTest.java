package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonPointer;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SmokeCheckedServerTest {

  private static final String KEY = "model-refresh.models.m.server.smoke-check";
  private static final String INFER = "/v2/models/m/infer";
  private static final Duration AMPLE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofSeconds(2);

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final FakeModelServer replica = FakeModelServer.start().model("m");

  @AfterEach
  void close() {
    replica.close();
    http.close();
    vertx.close();
  }

  private Uni<LoadOutcome> load(
      String path, Optional<String> body, Optional<String> pointer, Duration timeout) {
    SmokeCheck check = new SmokeCheck(path, body, pointer.map(JsonPointer::compile));
    return new VerifiedLoader(
            http,
            new SmokeCheckedServer(new OpenInferenceServer("m"), check, KEY),
            ReplicaAccess.OPEN,
            timeout)
        .load(replica.replica(), new LoadRequest("rollout-1", Optional.empty(), List.of(), true));
  }

  @Test
  void aReplicaThatPredictsIsConfirmed() {
    LoadOutcome outcome =
        load(INFER, Optional.of("{\"inputs\":[]}"), Optional.of("/outputs/0/data/0"), AMPLE)
            .await()
            .indefinitely();

    assertThat(outcome).isEqualTo(new Confirmed());
    FakeModelServer.Request last = replica.requests().get(replica.requests().size() - 1);
    assertThat(last.method()).isEqualTo("POST");
    assertThat(last.body()).isEqualTo("{\"inputs\":[]}");
    assertThat(last.headers()).containsEntry("content-type", "application/json");
  }

  @Test
  void withoutABodyTheCheckIsAGet() {
    assertThat(
            load("/v2/health/live", Optional.empty(), Optional.empty(), AMPLE)
                .await()
                .indefinitely())
        .isEqualTo(new Confirmed());
  }

  @Test
  void theCheckIsMadeAgainUntilItSucceedsAndTheLoadIsNot() {
    replica.failInference(503);

    CompletableFuture<LoadOutcome> outcome =
        load(INFER, Optional.of("{}"), Optional.empty(), AMPLE).subscribeAsCompletionStage();
    await().until(() -> replica.requests().size() > 5);
    assertThat(outcome).isNotDone();
    replica.failInference(200);

    assertThat(outcome).succeedsWithin(AMPLE).isEqualTo(new Confirmed());
    assertThat(replica.loads("m")).hasSize(1);
  }

  @Test
  void anAnswerWithoutWhatThePointerNamesIsAFailure() {
    LoadOutcome outcome =
        load(INFER, Optional.of("{}"), Optional.of("/outputs/1"), SHORT).await().indefinitely();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.kind()).isEqualTo(Kind.TIMED_OUT);
              assertThat(failed.reason())
                  .startsWith(
                      "loaded, but not ready within 2000 ms: the smoke check POST "
                          + INFER
                          + " answered 200 without /outputs/1: {\"model_name\"");
            });
  }

  @Test
  void anAnswerThatIsNoJsonIsAFailureOnlyWhereThePointerAsksForOne() {
    LoadOutcome outcome =
        load("/v2/health/live", Optional.empty(), Optional.of("/a"), SHORT).await().indefinitely();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> assertThat(failed.reason()).contains("answered 200 without /a"));
  }

  @Test
  void anythingBut200IsAFailure() {
    replica.failInference(204);

    LoadOutcome outcome =
        load(INFER, Optional.of("{}"), Optional.empty(), SHORT).await().indefinitely();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Failed.class, failed -> assertThat(failed.reason()).contains("answered 204"));
  }

  @Test
  void aPathThatLeadsElsewhereIsFoundWhenTheLoaderIsMade() {
    assertThatThrownBy(() -> load("//evil.example", Optional.empty(), Optional.empty(), AMPLE))
        .hasMessageStartingWith(KEY + ".path: ");
  }
}
