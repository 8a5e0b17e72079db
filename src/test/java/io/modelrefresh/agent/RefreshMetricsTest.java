package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.modelrefresh.catalog.Endpoint;
import io.modelrefresh.catalog.FeatureViewSelector;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.refresh.LaneStatus.ReplicaStatus;
import io.modelrefresh.refresh.LaneStatus.State;
import io.modelrefresh.refresh.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the gauges of a model say, by its objective and its max-attempts. */
class RefreshMetricsTest {

  private static final Duration OBJECTIVE = Duration.ofSeconds(30);

  private final ManualTime time = new ManualTime();
  private final Instant published = time.instant();
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private LaneStatus status;

  @Test
  void aReplicaIsStaleOnceItLacksAnUpdateForLongerThanTheObjective() {
    given(Optional.of(OBJECTIVE), replica(State.LOADING), replica(State.STALE));

    time.advance(OBJECTIVE);
    assertThat(gauge("model.replicas.stale")).isZero();
    time.advance(Duration.ofSeconds(1));
    assertThat(gauge("model.replicas.stale")).isEqualTo(2);
  }

  @Test
  void withoutAnObjectiveAReplicaIsStaleAsSoonAsItLacksAnUpdate() {
    given(Optional.empty(), replica(State.STALE), replica(State.FRESH));

    assertThat(gauge("model.replicas.stale")).isEqualTo(1);
  }

  @Test
  void aReplicaThatHasTheUpdateAnotherLacksIsNotStale() {
    given(
        Optional.of(OBJECTIVE),
        replica(State.STALE, published.minusSeconds(1)),
        replica(State.STALE, published));

    time.advance(OBJECTIVE.plusSeconds(1));

    assertThat(gauge("model.replicas.stale")).isEqualTo(1);
  }

  @Test
  void aModelIsFailingWhenItsLaneSaysSoHoweverManyFailuresThatTakes() {
    given(Optional.empty(), replica(State.STALE));

    status = failures(7, false);
    assertThat(gauge("model.refresh.failing")).isZero();
    status = failures(8, true);
    assertThat(gauge("model.refresh.failing")).isEqualTo(1);
    assertThat(gauge("model.refresh.consecutive.failures")).isEqualTo(8);
  }

  // ---- Given ----

  private void given(Optional<Duration> objective, ReplicaStatus... replicas) {
    status = status(List.of(replicas), objective, 0, false);
    new RefreshMetrics(registry, time).follows(model(objective), () -> status);
  }

  private LaneStatus failures(int inARow, boolean failing) {
    return status(status.replicas(), status.objective(), inARow, failing);
  }

  private LaneStatus status(
      List<ReplicaStatus> replicas, Optional<Duration> objective, int failures, boolean failing) {
    return new LaneStatus(
        "fraud",
        LaneStatus.Phase.ROLLING_OUT,
        Optional.of(published),
        replicas,
        List.of("owes a refresh for stats"),
        Optional.of(published),
        1,
        failures,
        failing,
        Optional.empty(),
        objective);
  }

  private static ReplicaStatus replica(State state, Instant... observed) {
    return new ReplicaStatus(
        "http://10.0.0.1:8000",
        state,
        List.of(observed).stream().findFirst(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static Model model(Optional<Duration> objective) {
    return new Model(
        "fraud",
        List.of(FeatureViewSelector.parse("*")),
        false,
        new ServerSettings(
            ServerSettings.Protocol.OPEN_INFERENCE,
            new ReplicaAddress.Static(List.of(new Endpoint("http", "10.0.0.1", 8000))),
            "fraud",
            Duration.ofSeconds(30),
            Optional.empty()),
        new RefreshPolicy(
            Duration.ofMillis(250),
            Duration.ofSeconds(2),
            new MaxUnavailable(1, false),
            8,
            RefreshPolicy.OnStart.NEVER,
            objective));
  }

  private double gauge(String name) {
    return registry.get(name).tag("model", "fraud").gauge().value();
  }
}
