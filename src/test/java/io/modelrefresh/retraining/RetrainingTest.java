package io.modelrefresh.retraining;

import static io.modelrefresh.retraining.RetrainedModel.COOLDOWN;
import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.refresh.ManualTime;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** No thread and no socket: time moves when told to, and all else happens at once. */
class RetrainingTest {

  private static final Duration SCAN = Duration.ofMinutes(1);

  private final ManualTime time = new ManualTime();
  private final SharedLedger ledger = new SharedLedger();
  private final ScriptedQueue queue = new ScriptedQueue();
  private final Map<String, Model> models =
      new HashMap<>(Map.of("fraud", RetrainedModel.named("fraud")));
  private final Heard heard = new Heard();
  private final Agent agent = new Agent(ledger);
  private final Instant start = time.instant();
  private int published;

  @Test
  void theFirstTriggerEnqueuesAtOnceAndItsMessageIsAcked() {
    String message = agent.receive(Kind.SCHEMA, start);

    assertThat(queue.jobs()).extracting(RetrainingJob::window).containsExactly(start);
    assertThat(agent.messages.fate(message)).isEqualTo("ack");
    assertThat(heard.outcomes).containsExactly("CREATED " + queue.jobs().get(0).name());
  }

  @Test
  void aRedeliveryOfWhatWasEnqueuedIsAckedAndEnqueuesNothing() {
    agent.receive(Kind.SCHEMA, start);

    String again = agent.receive(Kind.SCHEMA, start);
    String toAnother = new Agent(ledger).receive(Kind.SCHEMA, start);

    assertThat(queue.jobs()).hasSize(1);
    assertThat(queue.attempts()).isEqualTo(1);
    assertThat(agent.messages.fate(again)).isEqualTo("ack");
    assertThat(toAnother).isNotEqualTo(again);
  }

  @Test
  void whatComesWithinTheCooldownIsAckedAtOnceAndBecomesOneJobAtItsEnd() {
    agent.receive(Kind.SCHEMA, start);
    List<String> within = new ArrayList<>();
    for (int minutes = 1; minutes <= 100; minutes++) {
      within.add(agent.receive(Kind.SCHEMA, start.plus(Duration.ofMinutes(minutes))));
    }

    assertThat(within).allMatch(message -> agent.messages.fate(message).equals("ack"));
    assertThat(agent.messages.heldCount()).isZero();
    time.advance(COOLDOWN.minusSeconds(1));
    assertThat(queue.jobs()).hasSize(1);
    time.advance(Duration.ofSeconds(1));

    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start, start.plus(COOLDOWN));
    assertThat(ledger.writes()).as("one for each record and each job").isEqualTo(4);
  }

  @Test
  void whatIsPutOffIsToldOnceAndShownWithItsReason() {
    agent.receive(Kind.SCHEMA, start);
    assertThat(agent.status(Kind.SCHEMA).detail())
        .as("of the last job")
        .contains("schema of driver_hourly_stats");
    heard.outcomes.clear();
    for (int seconds = 1; seconds <= 10; seconds++) {
      agent.offer(
          RetrainedModel.trigger(
              Kind.SCHEMA, start.plusSeconds(seconds), "cards", Integer.toString(seconds)));
    }
    new Agent(ledger).receive(Kind.SCHEMA, start.plusSeconds(60));

    assertThat(heard.outcomes)
        .containsExactly("put off " + start.plus(COOLDOWN) + ": schema of cards");
    assertThat(agent.status(Kind.SCHEMA).detail()).contains("schema of cards");
    assertThat(agent.status(Kind.SCHEMA).notBefore()).contains(start.plus(COOLDOWN));
  }

  @Test
  void whatIsNotRecordedYetIsShownWithItsReason() {
    ledger.down(true);
    agent.receive(Kind.SCHEMA, start);

    assertThat(agent.status(Kind.SCHEMA).detail()).contains("schema of driver_hourly_stats");
  }

  @Test
  void everyKindOfReasonHasACooldownOfItsOwn() {
    agent.receive(Kind.SCHEMA, start);
    agent.receive(Kind.DRIFT, start.plusSeconds(1));

    assertThat(queue.jobs())
        .extracting(RetrainingJob::kind)
        .containsExactly(Kind.SCHEMA, Kind.DRIFT);
  }

  @Test
  void whatIsOwedIsEnqueuedOnceByWhicheverAgentFindsItWhenAllHaveCrashed() {
    agent.receive(Kind.SCHEMA, start);
    agent.receive(Kind.SCHEMA, start.plusSeconds(60));
    agent.crash();

    time.advance(COOLDOWN.plus(Duration.ofDays(1)));
    assertThat(queue.jobs()).hasSize(1);
    Agent next = new Agent(ledger);
    Agent third = new Agent(ledger);
    next.retraining.start();
    third.retraining.start();

    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start, start.plus(COOLDOWN));
    assertThat(queue.jobs().get(1).cause().detail()).isEqualTo("schema of driver_hourly_stats");
  }

  @Test
  void whatAnotherAgentLeftOwedIsFoundByTheTimer() {
    agent.retraining.start();
    Agent other = new Agent(ledger);
    other.receive(Kind.SCHEMA, start);
    queue.down(true);
    time.advance(COOLDOWN);
    other.receive(Kind.SCHEMA, start.plus(COOLDOWN));
    other.crash();
    assertThat(queue.jobs()).hasSize(1);
    queue.down(false);

    time.advance(SCAN);

    assertThat(queue.jobs()).hasSize(2);
  }

  @Test
  void aCrashBetweenTheRecordAndTheJobLosesNothing() {
    queue.down(true);
    String message = agent.receive(Kind.SCHEMA, start);
    agent.crash();
    queue.down(false);

    new Agent(ledger).retraining.start();

    assertThat(agent.messages.fate(message)).as("the record guarantees it").isEqualTo("ack");
    assertThat(queue.jobs()).hasSize(1);
  }

  @Test
  void aCrashBetweenTheJobAndItsRecordFindsTheFirst() {
    queue.loseAnswers(true);
    agent.receive(Kind.SCHEMA, start);
    agent.crash();
    queue.loseAnswers(false);

    Agent next = new Agent(ledger);
    next.retraining.start();

    assertThat(queue.jobs()).hasSize(1);
    assertThat(queue.attempts()).isEqualTo(2);
    assertThat(heard.outcomes).containsExactly("DUPLICATE " + queue.jobs().get(0).name());
    assertThat(next.status(Kind.SCHEMA).lastWindow()).contains(start);
  }

  @Test
  void twoAgentsThatSeeDifferentTriggersAtOnceAgreeOnOneJob() {
    Agent other = new Agent(ledger);
    ledger.beforeNextWrite(() -> other.receive(Kind.SCHEMA, start.plusSeconds(1)));

    agent.receive(Kind.SCHEMA, start);

    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start.plusSeconds(1));
    assertThat(agent.status(Kind.SCHEMA).owedJob()).isEmpty();
  }

  @Test
  void whatJoinsWhileTheJobIsBeingCreatedIsOwedForTheNextWindow() {
    Agent other = new Agent(ledger);
    queue.onCreate(() -> other.receive(Kind.SCHEMA, start.plusSeconds(90)));

    agent.receive(Kind.SCHEMA, start);
    queue.onCreate(() -> {});

    assertThat(queue.jobs()).hasSize(1);
    time.advance(COOLDOWN);
    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start, start.plus(COOLDOWN));
  }

  @Test
  void whatIsPublishedSinceAWrongClockHadTheJobCreatedTooEarlyIsOwed() {
    Duration ahead = Duration.ofMinutes(5);
    Agent hasty = new Agent(ledger, Clock.offset(time, ahead));
    queue.stampedBy(time);
    hasty.receive(Kind.SCHEMA, start);
    hasty.receive(Kind.SCHEMA, start.plusSeconds(60));
    time.advance(COOLDOWN.minus(ahead));
    assertThat(queue.jobs()).as("by its clock it is due").hasSize(2);

    hasty.receive(Kind.SCHEMA, start.plus(COOLDOWN).minus(Duration.ofMinutes(3)));
    time.advance(COOLDOWN);

    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start, start.plus(COOLDOWN), start.plus(COOLDOWN.multipliedBy(2)));
  }

  @Test
  void theMessageIsHeldWhileTheLedgerIsDownAndOnlyTheNewestOfMany() {
    ledger.down(true);
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      messages.add(agent.receive(Kind.SCHEMA, start.plusSeconds(i)));
    }
    String older = agent.receive(Kind.SCHEMA, start.minusSeconds(5));

    assertThat(agent.messages.heldCount()).isEqualTo(1);
    assertThat(agent.messages.fate(messages.get(99))).isEqualTo("held");
    assertThat(agent.messages.fate(older)).isEqualTo("ack");
    assertThat(agent.retraining.problems()).containsEntry("fraud", "the ledger is down");
    ledger.down(false);
    time.advance(SCAN);

    assertThat(agent.messages.fate(messages.get(99))).isEqualTo("ack");
    assertThat(queue.jobs())
        .extracting(RetrainingJob::window)
        .containsExactly(start.plusSeconds(99));
    assertThat(agent.retraining.problems()).isEmpty();
  }

  @Test
  void aQueueThatIsDownIsTriedAgainWithBackoffUntilItTakesTheJob() {
    queue.down(true);
    agent.receive(Kind.SCHEMA, start);
    time.advance(Duration.ofMinutes(30));

    assertThat(queue.attempts()).isBetween(30, 80);
    assertThat(agent.status(Kind.SCHEMA).problem()).contains("the queue is down");
    assertThat(agent.retraining.recentJobs())
        .singleElement()
        .satisfies(
            recent -> {
              assertThat(recent.outcome()).isEqualTo("failed");
              assertThat(recent.attempts()).isEqualTo(queue.attempts());
              assertThat(recent.problem()).contains("the queue is down");
            });
    queue.down(false);
    time.advance(SCAN);

    assertThat(queue.jobs()).hasSize(1);
    assertThat(agent.retraining.recentJobs().get(0).outcome()).isEqualTo("enqueued");
    assertThat(agent.retraining.problems()).isEmpty();
  }

  @Test
  void aSlowQueueKeepsNobodyFromRecordingAndIsNotAskedTwice() {
    models.put("other", RetrainedModel.named("other"));
    queue.gate();
    String slow = agent.receive(Kind.SCHEMA, start);
    String meanwhile = agent.receive("other", Kind.SCHEMA, start);
    String later = agent.receive(Kind.SCHEMA, start.plusSeconds(90));

    assertThat(agent.messages.fate(slow)).isEqualTo("ack");
    assertThat(agent.messages.fate(meanwhile)).isEqualTo("ack");
    assertThat(agent.messages.fate(later)).isEqualTo("held");
    queue.open();

    assertThat(agent.messages.fate(later)).isEqualTo("ack");
    assertThat(queue.jobs()).hasSize(2);
    time.advance(COOLDOWN);
    assertThat(queue.jobs()).hasSize(3);
  }

  @Test
  void aDrainGivesBackWhatIsNotRecordedAndTakesNothingMore() {
    ledger.down(true);
    String held = agent.receive(Kind.SCHEMA, start);
    agent.retraining.close();
    String late = agent.receive(Kind.DRIFT, start);

    assertThat(agent.messages.fate(held)).isEqualTo("nack");
    assertThat(agent.messages.fate(late)).isEqualTo("nack");
    ledger.down(false);
    time.advance(Duration.ofHours(1));
    assertThat(queue.jobs()).isEmpty();
  }

  @Test
  void aDrainLetsWhatIsUnderWayFinish() {
    queue.gate();
    agent.receive(Kind.SCHEMA, start);
    String waiting = agent.receive(Kind.SCHEMA, start.plusSeconds(90));
    agent.retraining.close();
    assertThat(agent.messages.fate(waiting)).isEqualTo("held");

    queue.open();

    assertThat(queue.jobs()).hasSize(1);
    assertThat(agent.messages.fate(waiting)).isNotEqualTo("held");
    Agent next = new Agent(ledger);
    next.retraining.start();
    if (agent.messages.fate(waiting).equals("nack")) {
      next.receive(Kind.SCHEMA, start.plusSeconds(90));
    }
    time.advance(COOLDOWN);
    assertThat(queue.jobs()).hasSize(2);
  }

  @Test
  void outsideKubernetesALaterWindowIsEnqueuedAheadWithItsNotBeforeAndOnlyThenAcked() {
    Agent alone = new Agent(new MemoryLedger());
    queue.down(true);
    String message = alone.receive(Kind.SCHEMA, start);
    assertThat(alone.messages.fate(message)).isEqualTo("held");
    queue.down(false);
    time.advance(SCAN);
    assertThat(alone.messages.fate(message)).isEqualTo("ack");

    List<String> within = new ArrayList<>();
    for (int minutes = 1; minutes <= 100; minutes++) {
      within.add(alone.receive(Kind.SCHEMA, start.plus(Duration.ofMinutes(minutes))));
    }

    assertThat(within).allMatch(each -> alone.messages.fate(each).equals("ack"));
    assertThat(queue.jobs())
        .extracting(RetrainingJob::notBefore)
        .containsExactly(start.minus(Owed.CLOCK_SKEW), start.plus(COOLDOWN));
  }

  @Test
  void outsideKubernetesACrashCostsAtMostOneExtraJob() {
    Agent alone = new Agent(new MemoryLedger());
    alone.receive(Kind.SCHEMA, start);
    alone.crash();
    Agent next = new Agent(new MemoryLedger());

    next.receive(Kind.SCHEMA, start);
    assertThat(queue.jobs()).as("the same trigger finds its job").hasSize(1);
    next.receive(Kind.SCHEMA, start.plusSeconds(60));
    next.receive(Kind.SCHEMA, start.plusSeconds(120));

    assertThat(queue.jobs()).hasSize(2);
  }

  @Test
  void aModelThatIsNoLongerRetrainedIsForgottenAndOneThatIsUnknownLeftAlone() {
    agent.retraining.start();
    ledger.down(true);
    String held = agent.receive(Kind.SCHEMA, start);
    models.clear();
    time.advance(SCAN);
    assertThat(agent.messages.fate(held)).isEqualTo("ack");
    assertThat(agent.retraining.problems()).doesNotContainKey("fraud");
    ledger.down(false);

    models.put("fraud", RetrainedModel.named("fraud"));
    String back = agent.receive(Kind.SCHEMA, start.plusSeconds(1));

    assertThat(agent.messages.fate(back)).isEqualTo("ack");
    assertThat(queue.jobs()).hasSize(1);
  }

  @Test
  void noLedgerIsReadWhileNoModelIsRetrained() {
    Map<String, Model> later = Map.copyOf(models);
    models.clear();
    ledger.down(true);
    agent.retraining.start();
    time.advance(Duration.ofHours(1));
    assertThat(agent.retraining.problems()).isEmpty();

    models.putAll(later);
    time.advance(SCAN);

    assertThat(agent.retraining.problems()).containsEntry("", "the ledger is down");
  }

  @Test
  void theVersionsThatLedToAJobAreOnIt() {
    agent.receive(Kind.SCHEMA, start);
    agent.offer(RetrainedModel.trigger(Kind.SCHEMA, start.plusSeconds(1), "a", "1"));
    agent.offer(RetrainedModel.trigger(Kind.SCHEMA, start.plusSeconds(2), "b", "4"));
    agent.offer(RetrainedModel.trigger(Kind.SCHEMA, start.plusSeconds(3), "a", "2"));

    time.advance(COOLDOWN);

    assertThat(queue.jobs().get(1).cause().versions()).isEqualTo(Map.of("a", "2", "b", "4"));
  }

  @Test
  void recentJobsAreBoundedAndTheNewestFirst() {
    for (int i = 0; i < 300; i++) {
      models.put("m" + i, RetrainedModel.named("m" + i));
      agent.receive("m" + i, Kind.SCHEMA, start);
    }

    assertThat(agent.retraining.recentJobs()).hasSize(RecentJobs.MOST);
    assertThat(agent.retraining.recentJobs().get(0).model()).isEqualTo("m299");
  }

  /** One agent's process. */
  private final class Agent {

    final Messages messages = new Messages();
    final Retraining retraining;
    private final ManualTimer timer = new ManualTimer();

    Agent(Ledger shared) {
      this(shared, time);
    }

    Agent(Ledger shared, Clock clock) {
      RandomGenerator random = new Random(1);
      retraining =
          new Retraining(
              shared,
              name -> Optional.ofNullable(models.get(name)),
              model -> queue,
              clock,
              timer,
              new Backoff(Duration.ofMillis(500), SCAN, random),
              heard,
              () -> !models.isEmpty(),
              SCAN);
    }

    String receive(Kind kind, Instant publishTime) {
      return receive("fraud", kind, publishTime);
    }

    String receive(String model, Kind kind, Instant publishTime) {
      return offer(models.get(model), RetrainedModel.trigger(kind, publishTime));
    }

    String offer(Trigger trigger) {
      return offer(models.get("fraud"), trigger);
    }

    private String offer(Model model, Trigger trigger) {
      String id = "m" + ++published;
      HeldMessage message = messages.hold(id);
      retraining.offer(model, trigger, message);
      message.release();
      return id;
    }

    RetrainingStatus status(Kind kind) {
      return retraining.status("fraud").stream()
          .filter(status -> status.kind() == kind)
          .findFirst()
          .orElseThrow();
    }

    /** Nothing of it ever runs again. */
    void crash() {
      timer.dead = true;
    }

    private final class ManualTimer implements io.modelrefresh.refresh.Timer {
      private boolean dead;

      @Override
      public Runnable after(Duration delay, Runnable task) {
        return time.after(
            delay,
            () -> {
              if (!dead) {
                task.run();
              }
            });
      }
    }
  }

  private static final class Heard implements RetrainingListener {
    private final List<String> outcomes = new ArrayList<>();

    @Override
    public void putOff(RetrainingJob job) {
      outcomes.add("put off " + job.window() + ": " + job.cause().detail());
    }

    @Override
    public void enqueued(RetrainingJob job, String queueName, Outcome outcome) {
      outcomes.add(outcome + " " + job.name());
    }

    @Override
    public void failed(RetrainingJob job, String queueName, String problem) {
      outcomes.add("failed " + job.name());
    }
  }
}
