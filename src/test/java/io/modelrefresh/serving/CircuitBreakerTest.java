package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CircuitBreakerTest {

  private static final Replica SERVER = new Replica("http", "10.0.0.1", 8000);
  private static final Replica OTHER = new Replica("http", "10.0.0.2", 8000);
  private static final LoadRequest REQUEST =
      new LoadRequest("r", Optional.empty(), List.of(), true);

  private final List<Replica> loads = new ArrayList<>();
  private final List<Replica> questions = new ArrayList<>();
  private LoadOutcome outcome = new Confirmed();
  private boolean answers;

  private final ReplicaLoader loader =
      new ReplicaLoader() {
        @Override
        public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
          loads.add(replica);
          return Uni.createFrom().item(outcome);
        }

        @Override
        public Uni<Boolean> answers(Replica replica) {
          questions.add(replica);
          return Uni.createFrom().item(answers);
        }
      };

  private final CircuitBreaker breaker = new CircuitBreaker();
  private final ReplicaLoader guarded = breaker.guard(loader);

  private LoadOutcome load(Replica replica) {
    return guarded.load(replica, REQUEST).await().indefinitely();
  }

  private void failThreeTimes(Kind kind) {
    outcome = new Failed(kind, "scripted");
    for (int i = 0; i < 3; i++) {
      load(SERVER);
    }
    loads.clear();
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"UNREACHABLE", "TIMED_OUT"})
  void afterThreeLoadsWithoutAnAnswerTheServerIsAskedBeforeItIsToLoad(Kind kind) {
    failThreeTimes(kind);
    assertThat(questions).isEmpty();

    assertThat(load(SERVER))
        .isEqualTo(
            new Failed(
                Kind.UNREACHABLE,
                "not loaded: its last 3 loads got no answer, nor did a plain request just now"));

    assertThat(questions).containsExactly(SERVER);
    assertThat(loads).isEmpty();
  }

  @Test
  void aServerThatAnswersAgainIsLoadedAtOnceAndIsNotAskedAnyMore() {
    failThreeTimes(Kind.UNREACHABLE);
    answers = true;
    outcome = new Confirmed();

    assertThat(load(SERVER)).isEqualTo(new Confirmed());
    assertThat(load(SERVER)).isEqualTo(new Confirmed());

    assertThat(questions).hasSize(1);
    assertThat(loads).hasSize(2);
  }

  @Test
  void aServerThatAnswersAndHangsAgainIsAskedAgain() {
    failThreeTimes(Kind.TIMED_OUT);
    answers = true;

    load(SERVER);
    load(SERVER);

    assertThat(questions).hasSize(2);
    assertThat(loads).hasSize(2);
  }

  @Test
  void loadsThatWaitForTheirTurnAtAServerFoundSilentMeanwhileAreNotTried() {
    List<UniEmitter<? super LoadOutcome>> running = new ArrayList<>();
    ReplicaLoader slow =
        (replica, request) -> Uni.createFrom().emitter(emitter -> running.add(emitter));
    ReplicaLoader limited = breaker.guard(slow, new LoadLimit(12)::limit); // Three on one server.
    List<LoadOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      limited.load(SERVER, REQUEST).subscribe().with(outcomes::add);
    }

    // Two have begun upon the turns of the first two when the third opens the circuit.
    for (int i = 0; i < 3; i++) {
      running.get(i).complete(new Failed(Kind.TIMED_OUT, "scripted"));
    }

    assertThat(running).hasSize(5);
    assertThat(outcomes)
        .hasSize(6)
        .filteredOn(
            new Failed(
                    Kind.UNREACHABLE,
                    "not loaded: its last 3 loads got no answer, while this one waited for its"
                        + " turn")
                ::equals)
        .hasSize(3);
  }

  @Test
  void anErrorIsAnAnswer() {
    failThreeTimes(Kind.REFUSED);

    load(SERVER);

    assertThat(questions).isEmpty();
  }

  @Test
  void oneServersSilenceIsKnownToAllItsModelsAndNoOtherServers() {
    failThreeTimes(Kind.UNREACHABLE);

    breaker.guard(loader).load(SERVER, REQUEST).await().indefinitely();
    load(OTHER);

    assertThat(questions).containsExactly(SERVER);
    assertThat(loads).containsExactly(OTHER);
  }

  @Test
  void whatAnswersIsAServerWhateverItSaysButNotASocketThatOnlyListens() throws IOException {
    Vertx vertx = Vertx.vertx();
    FakeModelServer server = FakeModelServer.start();
    ReplicaLoader real =
        new VerifiedLoader(
            new ReplicaHttp(vertx, false, Optional.empty()),
            new OpenInferenceServer("fraud"),
            new ReplicaAccess(Optional.empty(), Optional.empty()),
            Duration.ofSeconds(10));

    await().until(() -> real.answers(server.replica()).await().indefinitely());
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Replica hanging = new Replica("http", "127.0.0.1", silent.getLocalPort());
      assertThat(real.answers(hanging).await().indefinitely()).isFalse();
    }
    server.stop();
    assertThat(real.answers(server.replica()).await().indefinitely()).isFalse();

    server.close();
    vertx.close();
  }
}
