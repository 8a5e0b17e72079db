package io.modelrefresh.serving;

import static io.modelrefresh.serving.LoadOutcome.Kind.REFUSED;
import static io.modelrefresh.serving.LoadOutcome.Kind.TIMED_OUT;
import static io.modelrefresh.serving.LoadOutcome.Kind.UNREACHABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.UniAssertSubscriber;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every protocol times everything a replica can do to a load. */
class LoadOutcomeTest {

  private static final Duration AMPLE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(400);

  private static final LoadRequest REQUEST =
      new LoadRequest("rollout-1", Optional.empty(), List.of(), true);

  private static final ModelServer OPEN_INFERENCE = new OpenInferenceServer("m");

  private static final ModelServer TRITON = new TritonServer("m", Optional.empty());

  private static final ModelServer HTTP =
      new HttpModelServer(
          "m",
          new HttpRequestTemplate(
              "PUT",
              "/custom/{model}",
              Map.of(),
              Optional.of("{\"model\": \"{model}\"}"),
              Set.of(),
              Optional.of("/custom/{model}/ready")),
          "model-refresh.models.m.server.http");

  private static Vertx vertx;
  private static ReplicaHttp http;

  /** A protocol, and the requests it is known by. */
  private enum Protocol {
    OPEN_INFERENCE("POST /v2/repository/models/m/load", "GET /v2/models/m/ready"),
    TRITON("POST /v2/repository/models/m/load", "GET /v2/models/m/ready"),
    HTTP("PUT /custom/m", "GET /custom/m/ready");

    private final String load;
    private final String ready;

    Protocol(String load, String ready) {
      this.load = load;
      this.ready = ready;
    }

    ModelServer server() {
      ModelServer server =
          switch (this) {
            case OPEN_INFERENCE -> LoadOutcomeTest.OPEN_INFERENCE;
            case TRITON -> LoadOutcomeTest.TRITON;
            case HTTP -> LoadOutcomeTest.HTTP;
          };
      return new SmokeCheckedServer(
          server,
          new SmokeCheck("/v2/models/m/infer", Optional.of("{}"), Optional.empty()),
          "model-refresh.models.m.server.smoke-check");
    }

    /** What the protocol asks for first: Triton's configuration. */
    String first() {
      return this == TRITON ? "GET /v2/models/m/config" : load;
    }

    FakeModelServer start() {
      return (this == TRITON ? FakeTriton.start() : FakeModelServer.start())
          .model("m")
          .loadRoute("PUT", "/custom/m", "m")
          .readyRoute("/custom/m/ready", "m");
    }
  }

  private FakeModelServer replica = Protocol.OPEN_INFERENCE.start();

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
    replica.close();
  }

  private record Fault(
      String name,
      Consumer<FakeModelServer> script,
      Duration timeout,
      Optional<Kind> outcome,
      List<String> reason,
      Set<Protocol> protocols) {

    static Fault harmless(String name, Consumer<FakeModelServer> script) {
      return new Fault(
          name, script, AMPLE, Optional.empty(), List.of(), EnumSet.allOf(Protocol.class));
    }

    static Fault fatal(
        String name,
        Consumer<FakeModelServer> script,
        Duration timeout,
        Kind kind,
        String... says) {
      return new Fault(
          name, script, timeout, Optional.of(kind), List.of(says), EnumSet.allOf(Protocol.class));
    }

    /** Of Triton only: the others do not promise more than their answer. */
    static Fault ofTriton(
        String name, Consumer<FakeTriton> script, Optional<Kind> kind, String... says) {
      return new Fault(
          name,
          replica -> script.accept((FakeTriton) replica),
          AMPLE,
          kind,
          List.of(says),
          EnumSet.of(Protocol.TRITON));
    }

    @Override
    public String toString() {
      return name + " -> " + outcome.map(Kind::toString).orElse("CONFIRMED");
    }
  }

  /** In a reason, LOAD, READY and FIRST stand for the protocol's requests. */
  static Stream<Fault> faults() {
    return Stream.of(
        Fault.harmless("none", replica -> {}),
        Fault.harmless("slow load", replica -> replica.slowLoads(Duration.ofMillis(100))),
        Fault.harmless("ready later", replica -> replica.readyAfterPolls(3)),
        Fault.fatal(
            "answers 503",
            replica -> replica.failNext(1, 503),
            AMPLE,
            REFUSED,
            "LOAD answered 503: scripted failure"),
        Fault.fatal(
            "answers 400",
            replica -> replica.failNext(1, 400, "{\"error\":\"" + "long ".repeat(100) + "\"}"),
            AMPLE,
            REFUSED,
            "LOAD answered 400: long long",
            "..."),
        Fault.fatal(
            "answers an error that is no JSON",
            replica -> replica.failNext(1, 500, "{oh\r\nno\u0007"),
            AMPLE,
            REFUSED,
            "LOAD answered 500: {oh no"),
        Fault.fatal(
            "answers more than is read",
            replica -> replica.failNext(1, 500, "x".repeat(5_000_000)),
            AMPLE,
            REFUSED,
            "LOAD answered 500: xxx"),
        Fault.fatal(
            "redirects",
            replica -> replica.redirectNext(1, "http://169.254.169.254/secret"),
            AMPLE,
            REFUSED,
            "LOAD answered 302",
            "redirects are not followed"),
        Fault.fatal(
            "resets the connection",
            replica -> replica.resetNext(1),
            AMPLE,
            UNREACHABLE,
            "LOAD: Connection reset"),
        Fault.fatal(
            "closes the connection",
            replica -> replica.closeNext(1),
            AMPLE,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        Fault.fatal(
            "breaks off its answer",
            replica -> replica.breakOffNext(1),
            AMPLE,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        Fault.fatal(
            "crashes",
            FakeModelServer::crashOnNextLoad,
            AMPLE,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        Fault.fatal(
            "is down", FakeModelServer::stop, AMPLE, UNREACHABLE, "FIRST: Connection refused"),
        Fault.fatal(
            "never answers",
            replica -> replica.ignoreNext(1),
            SHORT,
            TIMED_OUT,
            "the load was not done within 400 ms: LOAD got no answer"),
        Fault.fatal(
            "answers too late",
            replica -> replica.slowLoads(AMPLE),
            SHORT,
            TIMED_OUT,
            "the load was not done within 400 ms: LOAD got no answer"),
        Fault.fatal(
            "is never ready",
            FakeModelServer::neverReady,
            SHORT,
            TIMED_OUT,
            "loaded, but not ready within 400 ms: READY answered 400: model 'm' is not ready"),
        Fault.fatal(
            "is ready, but inference fails",
            replica -> replica.failInference(500),
            SHORT,
            TIMED_OUT,
            "loaded, but not ready within 400 ms: the smoke check POST /v2/models/m/infer answered"
                + " 500: no features for 'm'"),
        Fault.ofTriton(
            "shows what was loaded a moment later",
            triton -> triton.shownAfterReads(3),
            Optional.empty()),
        Fault.ofTriton(
            "says it loaded, and changed nothing",
            FakeTriton::ignoreConfigurations,
            Optional.of(REFUSED),
            "LOAD answered success and changed nothing: GET /v2/models/m/config has"
                + " feature_refresh_watermark \"\" instead of \"/rollout-1\""),
        Fault.ofTriton(
            "does not let models be loaded",
            FakeTriton::withoutExplicitControl,
            Optional.of(REFUSED),
            "LOAD answered 400: explicit model load / unload is not allowed"));
  }

  static Stream<Arguments> protocolsAndFaults() {
    return faults()
        .flatMap(
            fault -> fault.protocols().stream().map(protocol -> Arguments.of(protocol, fault)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("protocolsAndFaults")
  void aLoadEndsAsTheReplicaDoes(Protocol protocol, Fault fault) {
    replica.close();
    replica = protocol.start();
    fault.script().accept(replica);

    LoadOutcome outcome = load(protocol.server(), fault.timeout());

    if (fault.outcome().isEmpty()) {
      assertThat(outcome).isEqualTo(new Confirmed());
      assertThat(replica.loads("m")).hasSize(1);
      return;
    }
    assertThat(outcome).isInstanceOf(Failed.class);
    Failed failed = (Failed) outcome;
    assertThat(failed.kind()).isEqualTo(fault.outcome().get());
    for (String says : fault.reason()) {
      assertThat(failed.reason())
          .contains(
              says.replace("LOAD", protocol.load)
                  .replace("READY", protocol.ready)
                  .replace("FIRST", protocol.first()))
          .hasSizeLessThan(400)
          .doesNotContainPattern("\\p{Cntrl}");
    }
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
