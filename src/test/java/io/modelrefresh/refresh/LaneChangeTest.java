package io.modelrefresh.refresh;

import static io.modelrefresh.refresh.ScriptedReplicas.failed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelrefresh.catalog.FeatureViewSelector;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.serving.LoadOutcome.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a catalog that changes in operation does to the lanes. */
class LaneChangeTest extends LaneScenario {

  private static final ServerSettings ELSEWHERE = serverAt("10.9.9.9");

  private static Model named(String name, Model like) {
    return new Model(name, like.featureViews(), like.paused(), like.server(), like.refresh());
  }

  private static Model servedBy(ServerSettings server, Model like) {
    return new Model(like.name(), like.featureViews(), like.paused(), server, like.refresh());
  }

  private static Model consuming(String views, Model like) {
    return new Model(
        like.name(),
        List.of(FeatureViewSelector.parse(views)),
        like.paused(),
        like.server(),
        like.refresh());
  }

  private static Model paused(boolean paused, Model like) {
    return new Model(like.name(), like.featureViews(), paused, like.server(), like.refresh());
  }

  private static Model refreshedBy(RefreshPolicy policy, Model like) {
    return new Model(like.name(), like.featureViews(), like.paused(), like.server(), policy);
  }

  private ScriptedReplicas elsewhere() {
    ScriptedReplicas others = new ScriptedReplicas();
    elsewhere.put(ELSEWHERE, others);
    return others;
  }

  private static void change(Lanes lanes, Model... models) {
    lanes.prepare(List.of(models)).run();
  }

  @Test
  void aModelThatIsAddedOwesOneRefresh() {
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(1, 2);
    Model added = servedBy(ELSEWHERE, named("added", model));

    change(lanes, model, added);
    time.advance(QUIET);

    assertThat(others.loads).hasSize(2);
    assertThat(lanes.status("added").orElseThrow().pending()).isEmpty();
  }

  @Test
  void aModelThatIsAddedTakesArrivalsInOnceItIsPreparedButLoadsNothingBeforeItIsInForce() {
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(1);
    Model added = servedBy(ELSEWHERE, named("added", model));

    Runnable inForce = lanes.prepare(List.of(model, added));

    assertThat(others.loads).isEmpty();
    model = added;
    String message = publish(lanes, "stats");
    inForce.run();
    time.advance(QUIET);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(others.loads).hasSize(1);
  }

  @Test
  void aModelThatIsAddedIsKeptInStepWithItsReplicas() {
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(1);
    change(lanes, model, servedBy(ELSEWHERE, named("added", model)));
    time.advance(QUIET);

    others.with(2);
    time.advance(RESYNC.multipliedBy(2));

    assertThat(others.loadsOf(2)).isEqualTo(1);
  }

  @Test
  void whatIsOwedToAModelThatIsRemovedIsSettledAsIgnored() {
    servers.with(1).answer(1, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    String message = publish(lanes, "stats");
    time.advance(QUIET);
    int before = servers.loads.size();

    change(lanes);
    time.advance(RESYNC.multipliedBy(3));

    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(servers.loads).hasSize(before);
    assertThat(servers.closed).isTrue();
    assertThat(lanes.status("fraud")).isEmpty();
    assertThat(messages.count()).isZero();
  }

  @Test
  void whatWasPlannedForAModelThatIsRemovedMeanwhileIsSettled() {
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    change(lanes);

    String message = publish(lanes, "stats");

    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aLoadInFlightIsFinishedWhenItsModelIsRemovedAndNoOtherIsBegun() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.loads).hasSize(1);

    change(lanes);
    assertThat(servers.closed).isFalse();
    servers.open();

    assertThat(servers.loads).hasSize(1);
    assertThat(servers.closed).isTrue();
  }

  @Test
  void aModelAddedAgainWhileItsLoadIsInFlightIsNotLoadedUntilThatHasEnded() {
    servers.with(1).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.inFlight).isEqualTo(1);

    change(lanes);
    change(lanes, model);
    String message = publish(lanes, "stats");
    time.advance(RESYNC.multipliedBy(2));

    assertThat(servers.loads).hasSize(1);
    assertThat(settled).doesNotContainKey(message);
    assertThat(status(lanes).pending())
        .contains("a load begun before the model was taken out of the catalog is under way");
    servers.step();
    assertThat(servers.loads).hasSize(2);
    servers.open();
    assertThat(servers.mostInFlight).isEqualTo(1);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aModelAddedAgainTwiceWhileItsLoadIsInFlightWaitsForTheFirst() {
    servers.with(1).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);

    for (int times = 0; times < 2; times++) {
      change(lanes);
      change(lanes, model);
      time.advance(MAX_WAIT);
    }

    assertThat(servers.loads).hasSize(1);
    servers.open();
    assertThat(servers.loads).hasSize(2);
    assertThat(servers.mostInFlight).isEqualTo(1);
  }

  @Test
  void closingIsDoneOnlyWhenTheLoadOfARemovedModelHasEndedToo() {
    servers.with(1).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);

    change(lanes);
    CompletionStage<Void> closed = lanes.close();

    assertThat(closed).isNotCompleted();
    servers.open();
    assertThat(closed).isCompleted();
  }

  @Test
  void aModelThatIsAddedWhileTheAgentStopsIsNotLoaded() {
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(1);

    lanes.close();
    change(lanes, model, servedBy(ELSEWHERE, named("added", model)));
    time.advance(RESYNC.multipliedBy(2));

    assertThat(others.loads).isEmpty();
  }

  @Test
  void aModelServedElsewhereInMidRolloutIsRefreshedThereBeforeTheUpdateIsAcked() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(3);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    change(lanes, servedBy(ELSEWHERE, model));
    assertThat(others.loads).isEmpty();
    servers.open();
    assertThat(settled).doesNotContainKey(message);
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
    assertThat(servers.closed).isTrue();
    assertThat(others.loads).hasSize(1);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(status(lanes).replicas())
        .extracting(LaneStatus.ReplicaStatus::address)
        .containsExactly("http://10.0.0.3:8000");
  }

  @Test
  void anUpdateThatTheOldServersCoverIsNotSupersededForTheNew() {
    servers.with(1);
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(Duration.ofMinutes(1));
    ScriptedReplicas others = elsewhere().with(3);
    others.answer(3, failed(Kind.UNREACHABLE));

    change(lanes, servedBy(ELSEWHERE, model));
    time.advance(QUIET);
    String late = publish(lanes, "stats", time.instant().minusSeconds(60));

    assertThat(settled).doesNotContainKey(late);
  }

  @Test
  void theLastOfSeveralChangesInMidRolloutCounts() {
    servers.with(1).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);
    ScriptedReplicas skipped = elsewhere().with(3);

    change(lanes, servedBy(ELSEWHERE, model));
    ServerSettings last = serverAt("10.8.8.8");
    ScriptedReplicas others = new ScriptedReplicas().with(4);
    elsewhere.put(last, others);
    change(lanes, servedBy(last, model));
    servers.open();
    time.advance(MAX_WAIT);

    assertThat(skipped.loads).isEmpty();
    assertThat(skipped.closed).isTrue();
    assertThat(others.loads).hasSize(1);
    assertThat(others.closed).isFalse();
  }

  @Test
  void whatAModelChangedInMidRolloutIsOwedIsGivenBackWhenTheAgentStops() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    ScriptedReplicas others = elsewhere().with(3);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    change(lanes, servedBy(ELSEWHERE, model));
    lanes.close();
    assertThat(settled).doesNotContainKey(message);
    servers.open();
    time.advance(MAX_WAIT);

    assertThat(settled.get(message)).containsExactly("nack");
    assertThat(servers.loads).hasSize(1);
    assertThat(others.loads).isEmpty();
  }

  @Test
  void aModelWhoseViewsChangeOwesOneRefresh() {
    servers.with(1);
    Lanes lanes = lanes(model(1, OnStart.NEVER));

    change(lanes, consuming("users", model));
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(1);
    assertThat(servers.closed).isFalse();
  }

  @Test
  void aChangeToWhenReplicasAreLoadedLoadsNothingAndIsInForceAtOnce() {
    servers.with(1);
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    Duration longer = QUIET.multipliedBy(4);

    change(
        lanes,
        refreshedBy(
            new RefreshPolicy(
                longer, MAX_WAIT, new MaxUnavailable(1, false), 5, OnStart.NEVER, Optional.empty()),
            model));
    time.advance(MAX_WAIT);
    assertThat(servers.loads).isEmpty();

    publish(lanes, "stats");
    time.advance(longer.minusMillis(1));
    assertThat(servers.loads).isEmpty();
    time.advance(Duration.ofMillis(1));
    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void theSameCatalogChangesNothing() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);

    change(lanes, model);
    servers.open();

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isEqualTo(1);
  }

  @Test
  void aModelPausedInTheCatalogOwesItsRefreshUntilItIsNoLonger() {
    servers.with(1);
    Lanes lanes = lanes(paused(true, model(1, OnStart.ALWAYS)));
    String message = publish(lanes, "stats");
    time.advance(Duration.ofHours(3));
    assertThat(servers.loads).isEmpty();
    assertThat(settled).doesNotContainKey(message);
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.PAUSED);

    change(lanes, paused(false, model));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aModelThatIsNoLongerPausedOwesOneRefreshEvenIfNothingArrived() {
    servers.with(1);
    Lanes lanes = lanes(paused(true, model(1, OnStart.NEVER)));

    change(lanes, paused(false, model));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void aPauseByHandOutlastsAChangeOfSomethingElse() {
    servers.with(1);
    Lanes lanes = lanes(model(1, OnStart.NEVER));
    lanes.pause("fraud");

    change(lanes, consuming("users", model));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).isEmpty();
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.PAUSED);
  }

  @Test
  void whileStandingByAChangeLoadsNothingAndTheStartLoadsByTheLatest() {
    servers.with(1);
    ScriptedReplicas others = elsewhere().with(3);
    Model first = model(1, OnStart.ALWAYS);
    Lanes lanes = standby(first, listener());

    change(lanes, consuming("users", first));
    change(lanes, paused(true, first));
    change(lanes, first);
    change(lanes, servedBy(ELSEWHERE, first));
    servers.announce();
    others.announce();
    time.advance(RESYNC.multipliedBy(3));
    assertThat(servers.reads + others.reads).isZero();
    assertThat(servers.loads).isEmpty();
    assertThat(others.loads).isEmpty();
    assertThat(servers.closed).isTrue();
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.IDLE);

    lanes.start();
    time.advance(MAX_WAIT);
    assertThat(servers.loads).isEmpty();
    assertThat(others.loads).hasSize(1);
    assertThat(others.closed).isFalse();
  }

  @Test
  void aModelPausedWhileStandingByIsPausedFromTheStart() {
    servers.with(1);
    Model first = model(1, OnStart.ALWAYS);
    Lanes lanes = standby(first, listener());

    change(lanes, paused(true, first));
    lanes.start();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).isEmpty();
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.PAUSED);
  }

  @Test
  void aModelThatCannotBeServedLeavesEverythingAsItWas() {
    servers.with(1);
    ScriptedReplicas others = elsewhere().with(1);
    Model broken = named("broken", model(1, OnStart.NEVER));
    Lanes lanes =
        new Lanes(
            List.of(model(1, OnStart.NEVER)),
            m -> m.name().equals("fraud") ? servers : others,
            m -> {
              if (m.equals(broken)) {
                throw new IllegalArgumentException("broken template");
              }
              return servers;
            },
            new LaneContext("test", time, time, backoff(), () -> jitter, listener()),
            RESYNC);
    lanes.start();

    assertThatThrownBy(() -> change(lanes, servedBy(ELSEWHERE, named("added", broken)), broken))
        .hasMessage("broken template");

    assertThat(lanes.statuses()).extracting(LaneStatus::model).containsExactly("fraud");
    assertThat(others.closed).isTrue();
    assertThat(servers.closed).isFalse();
  }
}
