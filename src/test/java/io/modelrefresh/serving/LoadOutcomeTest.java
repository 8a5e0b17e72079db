package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.UniAssertSubscriber;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every protocol times everything a replica can do to a load. */
class LoadOutcomeTest {

  private static final Duration AMPLE = Duration.ofSeconds(20);

  private static final LoadRequest REQUEST =
      new LoadRequest("rollout-1", Optional.empty(), List.of(), true);

  private static final ModelServer OPEN_INFERENCE = new OpenInferenceServer("m");

  private static Vertx vertx;
  private static ReplicaHttp http;

  private FakeModelServer replica = ProtocolUnderTest.OPEN_INFERENCE.start();

  @BeforeAll
  static void open() {
    vertx = Vertx.vertx();
    http = new ReplicaHttp(vertx);
  }

  @AfterAll
  static void close() {
    http.close();
    vertx.close();
  }

  @AfterEach
  void stop() {
    replica.heal().close();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("io.modelrefresh.serving.ReplicaFault#ofEveryProtocol")
  void aLoadEndsAsTheReplicaDoes(ProtocolUnderTest protocol, ReplicaFault fault) {
    replica.close();
    replica = protocol.start();
    fault.strikeOnce(replica);

    LoadOutcome outcome = load(protocol.server(), fault.timeout());

    if (fault.isHarmless()) {
      assertThat(outcome).isEqualTo(new Confirmed());
      assertThat(replica.loads("m")).hasSize(1);
      return;
    }
    assertThat(outcome).isInstanceOf(Failed.class);
    Failed failed = (Failed) outcome;
    assertThat(failed.kind()).isEqualTo(fault.outcome().get());
    assertThat(failed.reason())
        .contains(fault.reason(protocol))
        .hasSizeLessThan(400)
        .doesNotContainPattern("\\p{Cntrl}");
  }

  private LoadOutcome load(ModelServer server, Duration timeout) {
    return loader(server, timeout)
        .load(replica.replica(), REQUEST)
        .await()
        .atMost(Duration.ofSeconds(30));
  }

  private static ReplicaLoader loader(ModelServer server, Duration timeout) {
    return new VerifiedLoader(http, server, ReplicaAccess.OPEN, timeout);
  }

  @Test
  void theLoadIsSentUponSubscriptionAndOncePerSubscription() {
    Uni<LoadOutcome> load = loader(OPEN_INFERENCE, AMPLE).load(replica.replica(), REQUEST);
    assertThat(replica.requests()).isEmpty();

    load.await().indefinitely();
    load.await().indefinitely();

    assertThat(replica.loads("m"))
        .hasSize(2)
        .extracting(FakeModelServer.Load::body)
        .containsOnly("{}");
  }

  @Test
  void aReplicaThatComesBackOnItsPortIsLoadedAgain() {
    assertThat(load(OPEN_INFERENCE, AMPLE)).isEqualTo(new Confirmed());
    replica.stop();
    assertThat(load(OPEN_INFERENCE, AMPLE)).isInstanceOf(Failed.class);

    replica.startAgain();

    assertThat(load(OPEN_INFERENCE, AMPLE)).isEqualTo(new Confirmed());
  }

  @Test
  void aCancelledLoadGivesItsConnectionUp() {
    replica.gateLoads();
    UniAssertSubscriber<LoadOutcome> load =
        loader(OPEN_INFERENCE, AMPLE)
            .load(replica.replica(), REQUEST)
            .subscribe()
            .withSubscriber(UniAssertSubscriber.create());
    await().until(() -> replica.heldLoads() == 1);

    load.cancel();

    await().until(() -> replica.openConnections() == 0);
  }

  @Test
  void aModelNameIsOneSegmentOfThePath() {
    replica.model("team%2Ffraud%20v2");

    assertThat(load(new OpenInferenceServer("team/fraud v2"), AMPLE)).isEqualTo(new Confirmed());

    assertThat(replica.loads("team%2Ffraud%20v2")).hasSize(1);
  }
}
