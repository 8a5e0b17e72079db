package io.modelrefresh.serving;

import static io.modelrefresh.serving.FakeModelServer.ALWAYS;
import static io.modelrefresh.serving.LoadOutcome.Kind.REFUSED;
import static io.modelrefresh.serving.LoadOutcome.Kind.TIMED_OUT;
import static io.modelrefresh.serving.LoadOutcome.Kind.UNREACHABLE;

import io.modelrefresh.serving.LoadOutcome.Kind;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Everything a replica can do to a load, and how that load ends: the table that the tests of one
 * load and those of a whole lane share.
 *
 * @param passes whether it may befall a single load; otherwise it is a state that lasts
 * @param outcome whose failure it is; empty if the load is confirmed nevertheless
 * @param says what the reason contains; LOAD, READY and FIRST stand for the protocol's requests
 */
public record ReplicaFault(
    String name,
    Script script,
    boolean passes,
    Duration timeout,
    Optional<Kind> outcome,
    List<String> says,
    Set<ProtocolUnderTest> protocols) {

  private static final Duration AMPLE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(400);

  /** Makes the fault befall the next loads. */
  @FunctionalInterface
  public interface Script {
    void strike(FakeModelServer replica, int loads);
  }

  private static ReplicaFault harmless(String name, Consumer<FakeModelServer> state) {
    return new ReplicaFault(
        name,
        (replica, loads) -> state.accept(replica),
        false,
        AMPLE,
        Optional.empty(),
        List.of(),
        EnumSet.allOf(ProtocolUnderTest.class));
  }

  private static ReplicaFault failure(String name, Script script, Kind kind, String... says) {
    return new ReplicaFault(
        name,
        script,
        true,
        AMPLE,
        Optional.of(kind),
        List.of(says),
        EnumSet.allOf(ProtocolUnderTest.class));
  }

  /** A failure that lasts, such as the server being down. */
  private static ReplicaFault state(
      String name, Consumer<FakeModelServer> state, Kind kind, String... says) {
    return failure(name, (replica, loads) -> state.accept(replica), kind, says).lasting();
  }

  private ReplicaFault lasting() {
    return new ReplicaFault(name, script, false, timeout, outcome, says, protocols);
  }

  private ReplicaFault within(Duration limit) {
    return new ReplicaFault(name, script, passes, limit, outcome, says, protocols);
  }

  private ReplicaFault of(ProtocolUnderTest... some) {
    return new ReplicaFault(
        name, script, passes, timeout, outcome, says, EnumSet.copyOf(Arrays.asList(some)));
  }

  private static FakeTriton triton(FakeModelServer replica) {
    return (FakeTriton) replica;
  }

  private static Stream<ReplicaFault> all() {
    return Stream.of(
        harmless("none", replica -> {}),
        harmless("slow load", replica -> replica.slowLoads(Duration.ofMillis(100))),
        harmless("ready later", replica -> replica.readyAfterPolls(3)),
        harmless(
                "shows what was loaded a moment later",
                replica -> triton(replica).shownAfterReads(3))
            .of(ProtocolUnderTest.TRITON),
        failure(
            "answers 503",
            (replica, loads) -> replica.failNext(loads, 503),
            REFUSED,
            "LOAD answered 503: scripted failure"),
        failure(
            "answers 400",
            (replica, loads) ->
                replica.failNext(loads, 400, "{\"error\":\"" + "long ".repeat(100) + "\"}"),
            REFUSED,
            "LOAD answered 400: long long",
            "..."),
        failure(
            "answers an error that is no JSON",
            (replica, loads) -> replica.failNext(loads, 500, "{oh\r\nno\u0007"),
            REFUSED,
            "LOAD answered 500: {oh no"),
        failure(
            "answers more than is read",
            (replica, loads) -> replica.failNext(loads, 500, "x".repeat(5_000_000)),
            REFUSED,
            "LOAD answered 500: xxx"),
        failure(
            "redirects",
            (replica, loads) -> replica.redirectNext(loads, "http://169.254.169.254/secret"),
            REFUSED,
            "LOAD answered 302",
            "redirects are not followed"),
        failure(
            "resets the connection",
            FakeModelServer::resetNext,
            UNREACHABLE,
            "LOAD: Connection reset"),
        failure(
            "closes the connection",
            FakeModelServer::closeNext,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        failure(
            "breaks off its answer",
            FakeModelServer::breakOffNext,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        failure(
            "crashes during the load",
            FakeModelServer::crashNext,
            UNREACHABLE,
            "LOAD: Connection was closed"),
        state("is down", FakeModelServer::stop, UNREACHABLE, "FIRST: Connection refused"),
        state(
                "is not reachable",
                FakeModelServer::vanish,
                TIMED_OUT,
                "the load was not done within 400 ms: FIRST got no answer")
            .within(SHORT),
        state(
                "is half-open",
                FakeModelServer::hang,
                TIMED_OUT,
                "the load was not done within 400 ms: FIRST got no answer")
            .within(SHORT),
        failure(
                "never answers",
                FakeModelServer::ignoreNext,
                TIMED_OUT,
                "the load was not done within 1000 ms: LOAD got no answer")
            .within(Duration.ofSeconds(1)),
        state(
                "answers too late",
                replica -> replica.slowLoads(AMPLE),
                TIMED_OUT,
                "the load was not done within 400 ms: LOAD got no answer")
            .within(SHORT),
        state(
                "is never ready",
                FakeModelServer::neverReady,
                TIMED_OUT,
                "loaded, but not ready within 400 ms: READY answered 400: model 'm' is not ready")
            .within(SHORT),
        state(
                "is ready, but inference fails",
                replica -> replica.failInference(500),
                TIMED_OUT,
                "loaded, but not ready within 400 ms: the smoke check POST /v2/models/m/infer"
                    + " answered 500: no features for 'm'")
            .within(SHORT),
        failure(
                "says it loaded, and changed nothing",
                FakeModelServer::pretendNext,
                REFUSED,
                "LOAD answered success and changed nothing: GET /v2/models/m/config has"
                    + " feature_refresh_watermark \"\" instead of \"")
            .of(ProtocolUnderTest.TRITON),
        // The other protocols have nothing but the answer to go by, so they are believed.
        harmless("says it loaded, and changed nothing", replica -> replica.pretendNext(ALWAYS))
            .of(ProtocolUnderTest.OPEN_INFERENCE, ProtocolUnderTest.HTTP),
        state(
                "drops the configuration sent",
                replica -> triton(replica).ignoreConfigurations(),
                REFUSED,
                "LOAD answered success and changed nothing: GET /v2/models/m/config has"
                    + " feature_refresh_watermark \"\" instead of \"")
            .of(ProtocolUnderTest.TRITON),
        state(
                "does not let models be loaded",
                replica -> triton(replica).withoutExplicitControl(),
                REFUSED,
                "LOAD answered 400: explicit model load / unload is not allowed")
            .of(ProtocolUnderTest.TRITON));
  }

  /** Every protocol with every fault it can meet. */
  public static Stream<Arguments> ofEveryProtocol() {
    return all()
        .flatMap(
            fault -> fault.protocols().stream().map(protocol -> Arguments.of(protocol, fault)));
  }

  /** Makes it befall one load; a state lasts. */
  public void strikeOnce(FakeModelServer replica) {
    script.strike(replica, 1);
  }

  /** Makes it last until {@link FakeModelServer#heal}. */
  public void strikeForGood(FakeModelServer replica) {
    script.strike(replica, ALWAYS);
  }

  /** What the reason contains, by this protocol. */
  public List<String> reason(ProtocolUnderTest protocol) {
    return says.stream().map(protocol::named).toList();
  }

  /** Whether the load is confirmed nevertheless. */
  public boolean isHarmless() {
    return outcome.isEmpty();
  }

  /** Whether it tells nothing about the other replicas of the model. */
  public boolean isReplicasOwn() {
    return outcome.isPresent() && outcome.get() != REFUSED;
  }

  @Override
  public String toString() {
    return name + " -> " + outcome.map(Kind::toString).orElse("CONFIRMED");
  }
}
