package io.modelrefresh.refresh;

import static io.modelrefresh.refresh.ScriptedReplicas.CONFIRMED;
import static io.modelrefresh.refresh.ScriptedReplicas.failed;
import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.refresh.RefreshListener.Outcome;
import io.modelrefresh.refresh.RefreshListener.RolloutReport;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaneTest extends LaneScenario {

  @Test
  void oneUpdateLoadsEveryReplicaOnceAndIsAcked() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);

    String message = publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isEqualTo(1);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(status(lanes).pending()).isEmpty();
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.IDLE);
  }

  @Test
  void nothingIsAckedBeforeEveryReplicaHasConfirmed() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.step();

    assertThat(servers.loads).hasSize(2);
    assertThat(settled).doesNotContainKey(message);
    servers.open();
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aBurstWaitsForAQuietMomentAndCoalesces() {
    servers.with(1);
    Lanes lanes = lanes(1);

    for (int i = 0; i < 5; i++) {
      publish(lanes, "stats");
      time.advance(QUIET.minusMillis(1));
    }
    assertThat(servers.loads).isEmpty();
    time.advance(Duration.ofMillis(1));

    assertThat(servers.loads).hasSize(1);
    assertThat(coalesced).hasValue(4);
  }

  @Test
  void aSteadyStreamIsNotDeferredBeyondMaxWait() {
    servers.with(1);
    Lanes lanes = lanes(1);

    for (Duration spent = Duration.ZERO;
        spent.compareTo(MAX_WAIT) < 0;
        spent = spent.plusMillis(100)) {
      assertThat(servers.loads).isEmpty();
      publish(lanes, "stats");
      time.advance(Duration.ofMillis(100));
    }

    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void whileALoadIsGatedABurstHoldsOneMessageAndOwesExactlyOneMoreLoad() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(2);
    publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.loads).hasSize(2);

    for (int i = 0; i < 100_000; i++) {
      publish(lanes, "stats");
      assertThat(messages.count()).isLessThanOrEqualTo(1);
    }
    assertThat(settled).hasSize(100_000);
    servers.open();
    time.advance(MAX_WAIT);

    assertThat(servers.loadsOf(1)).isEqualTo(2);
    assertThat(servers.loadsOf(2)).isEqualTo(2);
    assertThat(settled).hasSize(100_001);
    assertThat(settled.values()).allMatch(List.of("ack")::equals);
    assertThat(messages.count()).isZero();
  }

  @Test
  void aReplicaLoadedAfterTheBurstNeedsNoSecondLoad() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    publish(lanes, "stats");
    servers.open();
    time.advance(MAX_WAIT);

    long first = servers.loads.get(0).replica().equals(ScriptedReplicas.replica(1)) ? 1 : 2;
    assertThat(servers.loadsOf((int) first)).isEqualTo(2);
    assertThat(servers.loadsOf((int) (3 - first))).isEqualTo(1);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void theMessagePublishedLastIsTheOneHeldWhicheverArrivedLast() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    String later = publish(lanes, "stats", time.instant());
    String earlier = publish(lanes, "stats", time.instant().minusSeconds(10));

    assertThat(settled).containsEntry(earlier, List.of("ack")).doesNotContainKey(later);
    servers.open();
    assertThat(settled).as("what was loading began before these arrived").doesNotContainKey(later);
    time.advance(MAX_WAIT);
    assertThat(servers.loads).hasSize(2);
    assertThat(settled).containsEntry(later, List.of("ack"));
    assertThat(messages.count()).isZero();
  }

  @Test
  void oneMessageIsHeldForEachViewOwed() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    for (int i = 0; i < 50; i++) {
      publish(lanes, "stats");
      publish(lanes, "cards");
    }

    assertThat(messages.count()).isEqualTo(2);
    assertThat(status(lanes).pending())
        .contains("owes a refresh for cards", "owes a refresh for stats");
  }

  @Test
  void anUpdateDuringARolloutCausesExactlyOneMore() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    String second = publish(lanes, "stats");
    time.advance(MAX_WAIT);
    assertThat(servers.loads).hasSize(1);
    servers.open();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(2);
    assertThat(settled.get(second)).containsExactly("ack");
  }

  @Test
  void anUpdatePublishedBeforeWhatEveryReplicaCoversIsSuperseded() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats", time.instant());
    time.advance(QUIET);

    String older = publish(lanes, "stats", time.instant().minusSeconds(60));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
    assertThat(settled.get(older)).containsExactly("ack");
  }

  @Test
  void anUpdatePublishedWithinTheSkewOfPublishTimesIsLoaded() {
    servers.with(1);
    Lanes lanes = lanes(1);
    Instant publishTime = time.instant();
    publish(lanes, "stats", publishTime);
    time.advance(QUIET);

    publish(lanes, "stats", publishTime.minusMillis(900));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(2);
  }

  @Test
  void anOlderEventTimePublishedLaterIsLoaded() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats", time.instant(), time.instant());
    time.advance(QUIET);

    time.advance(Duration.ofSeconds(5));
    publish(lanes, "stats", time.instant(), Instant.EPOCH);
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(2);
  }

  @Test
  void aReplicaThatRefusesThreeTimesConvergesWithOneAckAndNoNack() {
    servers.with(1);
    AtomicInteger attempts = new AtomicInteger();
    servers.answer(
        1, request -> attempts.incrementAndGet() <= 3 ? failed(Kind.REFUSED) : CONFIRMED);
    Lanes lanes = lanes(1);

    String message = publish(lanes, "stats");
    time.advance(RESYNC);

    assertThat(servers.loads).hasSize(4);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(reports)
        .extracting(RolloutReport::outcome)
        .containsExactly(Outcome.FAILURE, Outcome.FAILURE, Outcome.FAILURE, Outcome.SUCCESS);
  }

  @Test
  void anErrorAnswerOfTheCanaryLeavesTheOthersAsTheyAre() {
    servers.with(1, 2, 3);
    for (int number = 1; number <= 3; number++) {
      servers.answer(number, failed(Kind.REFUSED));
    }
    Lanes lanes = lanes(1);

    publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(1);
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.BACKING_OFF);
    assertThat(status(lanes).pending()).anyMatch(reason -> reason.contains("scripted REFUSED"));
  }

  @Test
  void anErrorAnswerAfterTheCanaryStopsNobodyAndIsRetriedAlone() {
    servers.with(1, 2, 3);
    AtomicReference<Optional<Replica>> second = new AtomicReference<>(Optional.empty());
    for (int number = 1; number <= 3; number++) {
      Replica replica = ScriptedReplicas.replica(number);
      servers.answer(
          number,
          request -> {
            if (servers.loads.size() == 2) {
              second.set(Optional.of(replica));
            }
            return second.get().equals(Optional.of(replica)) ? failed(Kind.REFUSED) : CONFIRMED;
          });
    }
    Lanes lanes = lanes(1);

    String message = publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.loads).extracting(ScriptedReplicas.Load::replica).doesNotHaveDuplicates();
    assertThat(servers.loads).hasSize(3);
    Replica refusing = second.get().orElseThrow();
    time.advance(Duration.ofMinutes(5));
    assertThat(servers.loads.subList(3, servers.loads.size()))
        .hasSizeGreaterThan(3)
        .allMatch(load -> load.replica().equals(refusing));
    assertThat(settled).doesNotContainKey(message);
    assertThat(status(lanes).failing()).isTrue();

    second.set(Optional.empty());
    time.advance(RESYNC);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void newUpdatesReachTheOthersWithoutWaitingForAReplicaThatRefuses() {
    servers.with(1, 2);
    servers.answer(2, failed(Kind.REFUSED));
    Lanes lanes = lanes(2);
    publish(lanes, "stats");
    time.advance(Duration.ofMinutes(5));
    long refused = servers.loadsOf(2);
    while (servers.loadsOf(2) == refused) {
      time.advance(Duration.ofMillis(100));
    }
    refused = servers.loadsOf(2);

    publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(servers.loadsOf(1)).isEqualTo(2);
    assertThat(servers.loadsOf(2)).isEqualTo(refused);
  }

  @Test
  void aFirstBatchThatIsRefusedLeavesTheOthersAsTheyAre() {
    servers.with(1, 2, 3, 4).gate();
    for (int number = 1; number <= 4; number++) {
      servers.answer(number, failed(Kind.REFUSED));
    }
    Lanes lanes = lanes(2);

    publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.inFlight).isEqualTo(2);
    servers.open();

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.BACKING_OFF);
    assertThat(reports).extracting(RolloutReport::outcome).containsExactly(Outcome.FAILURE);
  }

  @Test
  void aBatchOfWhichTheFirstAnswerIsAnErrorStopsUntilTheNextAttempt() {
    servers.with(1, 2, 3, 4).gate();
    for (int number = 1; number <= 4; number++) {
      Replica replica = ScriptedReplicas.replica(number);
      servers.answer(
          number,
          request ->
              servers.loads.get(0).replica().equals(replica) ? failed(Kind.REFUSED) : CONFIRMED);
    }
    Lanes lanes = lanes(2);
    publish(lanes, "stats");
    time.advance(QUIET);
    Replica refusing = servers.loads.get(0).replica();

    servers.open();
    assertThat(servers.loads).as("the others of the batch have begun").hasSize(2);

    time.advance(RESYNC);
    assertThat(servers.loads)
        .filteredOn(load -> !load.replica().equals(refusing))
        .extracting(ScriptedReplicas.Load::replica)
        .doesNotHaveDuplicates()
        .hasSize(3);
  }

  @Test
  void whereAllAreUnreachableEachIsTriedAndEachIsTriedAgain() {
    servers.with(1, 2, 3);
    for (int number = 1; number <= 3; number++) {
      servers.answer(number, failed(Kind.UNREACHABLE));
    }
    Lanes lanes = lanes(1);

    String message = publish(lanes, "stats");
    time.advance(QUIET);
    assertThat(servers.loads).hasSize(3);
    assertThat(reports).extracting(RolloutReport::outcome).containsExactly(Outcome.FAILURE);
    time.advance(RESYNC);
    for (int number = 1; number <= 3; number++) {
      assertThat(servers.loadsOf(number)).isGreaterThan(3);
    }
    assertThat(settled).doesNotContainKey(message);

    for (int number = 1; number <= 3; number++) {
      servers.answer(number, CONFIRMED);
    }
    time.advance(RESYNC);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void afterAnUnreachableOneTheNextThatAnswersIsTheCanary() {
    servers.with(1, 2, 3);
    for (int number = 1; number <= 3; number++) {
      servers.answer(
          number, request -> failed(servers.loads.size() == 1 ? Kind.UNREACHABLE : Kind.REFUSED));
    }
    Lanes lanes = lanes(1);

    publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.BACKING_OFF);
    assertThat(status(lanes).pending()).anyMatch(reason -> reason.contains("scripted REFUSED"));
  }

  @Test
  void aReplicaDownForGoodDoesNotKeepTheOthersFromConverging() {
    servers.with(1, 2, 3);
    servers.answer(2, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);

    String message = publish(lanes, "stats");
    time.advance(Duration.ofMinutes(5));

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(3)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isGreaterThan(5);
    assertThat(settled).doesNotContainKey(message);
    assertThat(messages.count()).isEqualTo(1);
    assertThat(status(lanes).failing()).isTrue();
    assertThat(status(lanes).pending())
        .anyMatch(reason -> reason.contains("10.0.0.2:8000") && reason.contains("UNREACHABLE"));
  }

  @Test
  void newUpdatesReachTheReachableWithoutWaitingForTheDead() {
    servers.with(1, 2);
    servers.answer(2, failed(Kind.TIMED_OUT));
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(Duration.ofMinutes(5));
    long before = servers.loadsOf(2);
    while (servers.loadsOf(2) == before) {
      time.advance(Duration.ofMillis(100));
    }
    long attemptsOfDead = servers.loadsOf(2);

    publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(servers.loadsOf(1)).isEqualTo(2);
    assertThat(servers.loadsOf(2)).isEqualTo(attemptsOfDead);
  }

  @Test
  void aReplicaThatReturnsConvergesAndTheMessageIsAcked() {
    servers.with(1, 2);
    servers.answer(2, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(Duration.ofMinutes(5));

    servers.answer(2, CONFIRMED);
    time.advance(RESYNC);

    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(status(lanes).failing()).isFalse();
  }

  @Test
  void aRedeliveryOfAHeldMessageIsRecognisedAndTakesItsPlace() {
    servers.with(1);
    servers.answer(1, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(RESYNC);
    long attempts = servers.loads.size();

    boolean recognised = messages.recognise(message, delivery(message));
    servers.answer(1, CONFIRMED);
    time.advance(RESYNC);

    assertThat(recognised).isTrue();
    assertThat(settled.get(message)).containsExactly("superseded", "ack");
    assertThat(servers.loads.size()).isEqualTo((int) attempts + 1);
  }

  @Test
  void aDuplicateOfAnAckedMessageIsAckedAtOnce() {
    servers.with(1);
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    boolean recognised = messages.recognise(message, delivery(message));

    assertThat(recognised).isTrue();
    assertThat(settled.get(message)).containsExactly("ack", "ack");
  }

  @Test
  void aRedeliveryOfANackedMessageIsTakenAsNew() {
    servers.with(1);
    servers.answer(1, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);
    lanes.close();

    boolean recognised = messages.recognise(message, delivery(message));

    assertThat(settled.get(message)).containsExactly("nack");
    assertThat(recognised).isFalse();
  }

  @Test
  void neverMoreThanMaxUnavailableReplicasLoadAtOnce() {
    servers.with(1, 2, 3, 4, 5).gate();
    Lanes lanes = lanes(2);
    publish(lanes, "stats");

    time.advance(QUIET);
    for (int i = 0; i < 10; i++) {
      servers.step();
    }

    assertThat(servers.mostInFlight).isEqualTo(2);
    assertThat(servers.loads).hasSize(5);
  }

  @ParameterizedTest(name = "{0} % of 5 replicas are {1}")
  @CsvSource({"1, 1", "50, 2", "60, 3", "100, 5"})
  void maxUnavailableMayBeAPercentageOfTheReplicas(int percent, int atOnce) {
    servers.with(1, 2, 3, 4, 5).gate();
    Lanes lanes = lanes(model(new MaxUnavailable(percent, true), OnStart.NEVER));
    publish(lanes, "stats");

    time.advance(QUIET);
    assertThat(servers.inFlight).isEqualTo(atOnce);
    for (int i = 0; i < 5; i++) {
      servers.step();
    }

    assertThat(servers.mostInFlight).isEqualTo(atOnce);
    assertThat(servers.loads).hasSize(5);
  }

  @Test
  void replicasThatAppearDuringTheRolloutCountForThePercentage() {
    servers.with(1).gate();
    Lanes lanes = lanes(model(new MaxUnavailable(50, true), OnStart.NEVER));
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.with(2, 3, 4);
    servers.step();

    assertThat(servers.inFlight).isEqualTo(2);
  }

  @Test
  void aReplicaThatDisappearsIsForgottenAndHoldsNothingBack() {
    servers.with(1, 2);
    servers.answer(2, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.remove(2);
    time.advance(RESYNC);

    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(status(lanes).replicas()).hasSize(1);
  }

  @Test
  void aReplicaThatAppearsDuringTheRolloutIsLoadedBeforeTheAck() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.with(2);
    servers.step();
    assertThat(settled).doesNotContainKey(message);
    servers.step();

    assertThat(servers.loadsOf(2)).isEqualTo(1);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aReplicaThatAppearsLaterIsLoadedAtTheNextResyncAndRetriedUntilItIs() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.with(2);
    servers.answer(2, failed(Kind.UNREACHABLE));
    time.advance(RESYNC.multipliedBy(2));
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.BACKING_OFF);
    assertThat(status(lanes).pendingSince()).isPresent();
    servers.answer(2, CONFIRMED);
    time.advance(RESYNC);

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aReplicaWhoseAppearanceIsAnnouncedIsLoadedAtOnce() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.with(2);
    servers.announce();

    assertThat(servers.loadsOf(2)).isEqualTo(1);
    assertThat(servers.loadsOf(1)).isEqualTo(1);
  }

  @Test
  void aReplicaThatRestartsAtItsAddressIsLoadedAgainThoughItIsBackWhenItsLaneLooks() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.announce(2);

    assertThat(servers.loadsOf(2)).isEqualTo(2);
    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aReplicaThatRestartsAfterItsTurnInARolloutIsLoadedAgainBeforeTheUpdateIsAcked() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);
    Replica first = servers.loads.get(0).replica();
    servers.step();
    assertThat(servers.loads).hasSize(2);

    servers.announce(first.equals(ScriptedReplicas.replica(1)) ? 1 : 2);
    servers.step();

    assertThat(servers.loads).extracting(ScriptedReplicas.Load::replica).endsWith(first);
    assertThat(servers.loads).hasSize(3);
    assertThat(settled).doesNotContainKey(message);
    servers.open();
    assertThat(servers.loads).hasSize(3);
    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(reports).extracting(RolloutReport::outcome).containsExactly(Outcome.SUCCESS);
  }

  @Test
  void aReplicaThatRestartsBeforeItsTurnInARolloutIsLoadedOnce() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);
    boolean firstIsOne = servers.loads.get(0).replica().equals(ScriptedReplicas.replica(1));

    servers.announce(firstIsOne ? 2 : 1);
    servers.open();

    assertThat(servers.loads).hasSize(2);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aReplicaThatRestartsWhileItsLaneBacksOffIsLoadedAgain() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);
    servers.with(2).answer(2, failed(Kind.REFUSED));
    servers.announce();
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.BACKING_OFF);

    servers.announce(1);
    servers.answer(2, CONFIRMED);
    time.advance(RESYNC);

    assertThat(servers.loadsOf(1)).isEqualTo(2);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aReplicaThatIsNotReadyWhileItLoadsIsNotLoadedForEver() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.announce(1);
    servers.announce();
    servers.open();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aReplicaNotSeenReadyUntilAfterItsLoadIsNotLoadedForEver() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.remove(1);
    servers.announce(1);
    servers.open();
    time.advance(TIMEOUT.minusSeconds(1));
    servers.with(1);
    servers.announce();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void aReplicaGoneForLongAfterItsLoadIsLoadedWhenItIsBack() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.remove(1);
    servers.announce(1);
    servers.open();
    time.advance(TIMEOUT);
    servers.with(1);
    servers.announce();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(2);
  }

  @Test
  void anUpdateThatArrivesWhileALoadedReplicaIsAwaitedIsLoadedWhenItIsBack() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.remove(1);
    servers.announce(1);
    servers.open();
    publish(lanes, "stats");
    time.advance(QUIET);
    servers.with(1);
    servers.announce();
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aReplicaThatLostWhatItHadLoadedIsLoadedAtTheNextResyncWithNoMessage() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.says(2, new ObservedWatermark.Nothing());
    time.advance(RESYNC);
    servers.says(2, new ObservedWatermark.Known(time.instant(), "later"));

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isEqualTo(2);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aReplicaThatCoversLessThanItDidIsLoadedAgain() {
    servers.with(1);
    Lanes lanes = lanes(1);
    Instant watermark = time.instant();
    publish(lanes, "stats", watermark);
    time.advance(QUIET);

    servers.says(1, new ObservedWatermark.Known(watermark.minusSeconds(5), "earlier"));
    servers.gate();
    time.advance(RESYNC);

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).pendingSince()).isPresent();
  }

  @Test
  void whatAnotherAgentRefreshedFurtherRaisesWhatIsDesiredOfTheOthers() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);
    Instant watermark = time.instant();
    publish(lanes, "stats", watermark);
    time.advance(QUIET);

    Instant further = watermark.plusMillis(200);
    servers.says(1, new ObservedWatermark.Known(further, "another agent's"));
    time.advance(RESYNC);

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isEqualTo(2);
    assertThat(status(lanes).desiredWatermark()).contains(further);
  }

  @Test
  void aWatermarkFromTheFutureIsNotBelieved() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);
    Instant watermark = time.instant();
    publish(lanes, "stats", watermark);
    time.advance(QUIET);

    servers.says(1, new ObservedWatermark.Known(watermark.plus(Duration.ofDays(1)), "bogus"));
    time.advance(RESYNC);

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).desiredWatermark()).contains(watermark);
  }

  @Test
  void anUnknownReplicaSetStaysPendingAndAKnownEmptyOneSettles() {
    servers.unknown("DNS says SERVFAIL");
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(RESYNC);
    assertThat(settled).doesNotContainKey(message);
    assertThat(status(lanes).pending()).anyMatch(reason -> reason.contains("DNS says SERVFAIL"));

    servers.known();
    time.advance(RESYNC);

    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(reports.get(reports.size() - 1).outcome()).isEqualTo(Outcome.NO_REPLICAS);
  }

  @Test
  void aRolloutThatWaitsForItsReplicasToBeReadSaysSo() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);

    servers.silent();
    publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(status(lanes).pending())
        .containsExactly(
            "owes a refresh for stats",
            "is rolling out since " + time.instant() + ", reading its replicas");
  }

  @Test
  void aReplicaSetThatBecomesUnknownDuringTheRolloutIsNotAcked() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    servers.unknown("DNS says SERVFAIL");
    servers.open();

    assertThat(settled).doesNotContainKey(message);
  }

  @Test
  void propagationIsOneObservationFromTheOldestUpdateCovered() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);
    Instant oldest = time.instant().minusMillis(700);
    publish(lanes, "stats", oldest, Instant.EPOCH);
    publish(lanes, "stats", oldest.plusMillis(300), oldest);

    time.advance(QUIET);

    assertThat(reports).hasSize(1);
    assertThat(reports.get(0).oldestPublishTime()).contains(oldest);
    assertThat(reports.get(0).oldestEventTime()).contains(Instant.EPOCH);
    assertThat(reports.get(0).endedAt()).isEqualTo(time.instant());
  }

  @Test
  void propagationCountsFromTheFirstUpdateEvenAfterFailedRollouts() {
    servers.with(1);
    servers.answer(1, failed(Kind.REFUSED));
    Lanes lanes = lanes(1);
    Instant first = time.instant();
    publish(lanes, "stats", first);
    time.advance(Duration.ofSeconds(10));
    publish(lanes, "stats");

    servers.answer(1, CONFIRMED);
    time.advance(RESYNC);

    RolloutReport last = reports.get(reports.size() - 1);
    assertThat(last.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(last.oldestPublishTime()).contains(first);
  }

  @Test
  void aModelOwesOneRefreshOnStartUnlessToldNever() {
    servers.with(1);

    lanes(model(1, OnStart.NEVER));
    time.advance(QUIET);
    assertThat(servers.loads).isEmpty();
    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void oweAllRefreshesOnceWithNoMessage() {
    servers.with(1, 2);
    Lanes lanes = lanes(1);

    lanes.oweAll();
    assertThat(status(lanes).pending()).contains("owes one unconditional refresh");
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(2);
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void aPausedModelOwesItsRefreshForHoursAndGetsItOnResume() {
    servers.with(1);
    Lanes lanes = lanes(1);
    lanes.pause("fraud");

    String message = publish(lanes, "stats");
    time.advance(Duration.ofHours(7));
    assertThat(servers.loads).isEmpty();
    assertThat(settled).doesNotContainKey(message);
    assertThat(status(lanes).phase()).isEqualTo(LaneStatus.Phase.PAUSED);
    assertThat(status(lanes).pending()).anyMatch(reason -> reason.contains("is paused"));
    lanes.resume("fraud");
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(1);
    assertThat(settled.get(message)).containsExactly("ack");
  }

  @Test
  void resumingOwesOneRefreshThoughNothingArrivedMeanwhile() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    time.advance(QUIET);
    lanes.pause("fraud");

    lanes.resume("fraud");
    time.advance(QUIET);

    assertThat(servers.loads).hasSize(2);
  }

  @Test
  void aRolloutUnderWayWhenPausedFinishesAndNoOtherStarts() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String covered = publish(lanes, "stats");
    time.advance(QUIET);

    lanes.pause("fraud");
    String owed = publish(lanes, "stats");
    servers.open();
    time.advance(RESYNC);

    assertThat(settled.get(covered)).containsExactly("ack");
    assertThat(settled).doesNotContainKey(owed);
    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void closingGivesBackWhatWaitsAndLetsARunningRolloutAck() {
    servers.with(1).gate();
    Lanes lanes = lanes(1);
    String covered = publish(lanes, "stats");
    time.advance(QUIET);
    String waiting = publish(lanes, "cards");

    lanes.close();
    servers.open();
    time.advance(RESYNC);

    assertThat(settled.get(covered)).containsExactly("ack");
    assertThat(settled.get(waiting)).containsExactly("nack");
    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void closingIsDoneWhenNothingIsUnderWayWhetherOrNotAMessageWaitsForIt() {
    servers.with(1, 2).gate();
    Lanes lanes = lanes(1);
    lanes.oweAll();
    time.advance(QUIET);

    CompletableFuture<Void> closed = lanes.close().toCompletableFuture();

    assertThat(closed).isNotDone();
    servers.step();
    assertThat(closed).as("the rollout under way goes on").isNotDone();
    servers.step();
    assertThat(closed).isCompleted();
    assertThat(servers.loads).hasSize(2);
  }

  @Test
  void closingIsDoneAtOnceWhereNothingIsUnderWay() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");

    assertThat(lanes.close()).isCompleted();
  }

  @Test
  void anArrivalAfterClosingIsGivenBack() {
    servers.with(1);
    Lanes lanes = lanes(1);
    lanes.close();

    String late = publish(lanes, "stats");

    assertThat(settled.get(late)).containsExactly("nack");
  }

  @Test
  void loadsCarryTheWatermarkAndTheUpdatesTheReplicaLacks() {
    servers.with(1);
    Lanes lanes = lanes(1);
    publish(lanes, "stats");
    publish(lanes, "cards");
    Instant watermark = time.instant();
    time.advance(QUIET);
    for (int i = 0; i <= PendingUpdates.LIMIT; i++) {
      publish(lanes, "stats");
    }
    time.advance(MAX_WAIT);

    assertThat(servers.loads.get(0).request().watermark()).contains(watermark);
    assertThat(servers.loads.get(0).request().updates())
        .extracting(FeatureUpdate::featureView)
        .containsExactly("stats", "cards");
    assertThat(servers.loads.get(0).request().complete()).isTrue();
    assertThat(servers.loads.get(1).request().updates()).hasSize(PendingUpdates.LIMIT);
    assertThat(servers.loads.get(1).request().complete()).isFalse();
  }

  @Test
  void aLaneKeepsAtMostTwoTimersHoweverLongAReplicaIsDown() {
    servers.with(1, 2);
    servers.answer(2, failed(Kind.UNREACHABLE));
    Lanes lanes = lanes(1);

    for (int i = 0; i < 200; i++) {
      publish(lanes, "stats");
      time.advance(QUIET);
    }

    assertThat(time.scheduled()).isLessThanOrEqualTo(2);
  }

  @Test
  void aListenerThatThrowsBreaksNothing() {
    servers.with(1);
    RefreshListener broken =
        new RefreshListener() {
          @Override
          public void coalesced(String model) {
            throw new IllegalStateException("broken listener");
          }

          @Override
          public void rolledOut(RolloutReport report) {
            throw new IllegalStateException("broken listener");
          }
        };
    Lanes lanes = lanes(model(1, OnStart.NEVER), broken);

    publish(lanes, "stats");
    String message = publish(lanes, "stats");
    time.advance(QUIET);

    assertThat(settled.get(message)).containsExactly("ack");
  }

  // ---- Given ----
}
