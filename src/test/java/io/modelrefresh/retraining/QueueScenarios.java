package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What must hold of every queue, of the whole of retraining with its real server or one alike.
 *
 * <p>A conflict, a name that something else has, is told by Kubernetes alone, whose labels say what
 * an object is ({@code KubernetesQueueTest}). A topic knows no names, and a duplicate's status of
 * an HTTP server says no more than that the name is taken, which is what it means here.
 */
abstract class QueueScenarios {

  static final Instant PUBLISHED = Instant.parse("2026-11-22T10:00:00Z");

  final Vertx vertx = Vertx.vertx();
  private final SharedLedger ledger = new SharedLedger();
  private final Messages messages = new Messages();
  private final Queue<String> heard = new ConcurrentLinkedQueue<>();
  private final Queue<Retraining> agents = new ConcurrentLinkedQueue<>();
  private int received;

  abstract RetrainingTarget target();

  abstract RetrainingQueue queue();

  /** The names of the jobs the queue's server has, as often as it has them. */
  abstract List<String> jobs();

  abstract void down();

  abstract void up();

  abstract void forbid(boolean forbidden);

  /** Requests are done, or will be, and not answered while anyone waits; until {@link #release}. */
  abstract void stall();

  abstract void release();

  /** What the queue says to whoever asks for a job again that it has. */
  abstract Outcome outcomeOfASecondAttempt();

  @AfterEach
  void stop() {
    agents.forEach(Retraining::close);
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void created() {
    String message = receive(agent(queue()));

    awaitHeard(Outcome.CREATED);
    assertThat(jobs()).containsExactly(name());
    assertThat(messages.fate(message)).isEqualTo("ack");
  }

  @Test
  void forbiddenIsToldAndTriedAgainUntilAllowed() {
    forbid(true);
    Retraining agent = agent(queue());
    receive(agent);
    await().untilAsserted(() -> assertThat(agent.problems()).hasSize(1));

    assertForbidden(agent.problems().get("fraud"));
    assertThat(jobs()).isEmpty();
    forbid(false);

    awaitHeard(Outcome.CREATED);
    assertThat(new HashSet<>(jobs())).containsExactly(name());
    await().untilAsserted(() -> assertThat(agent.problems()).isEmpty());
  }

  abstract void assertForbidden(String problem);

  @Test
  void downIsTriedAgainUntilItIsUpAndLosesNothing() {
    down();
    Retraining agent = agent(queue());
    String message = receive(agent);
    await().until(() -> heard.size() >= 2);
    assertThat(agent.problems()).containsKey("fraud");
    assertThat(messages.fate(message)).as("it is recorded").isEqualTo("ack");
    up();

    awaitHeard(Outcome.CREATED);
    assertThat(new HashSet<>(jobs())).containsExactly(name());
  }

  @Test
  void slowIsGivenUpTriedAgainAndEndsWithOneJob() {
    stall();
    // Asked anew each time: how long it waits differs.
    Retraining agent = agent(job -> queue().enqueue(job));
    receive(agent);
    await().until(() -> heard.size() >= 2);
    assertThat(heard).allMatch(each -> each.startsWith("failed"));
    release();

    await().until(() -> heard.stream().anyMatch(each -> !each.startsWith("failed")));
    assertThat(heard).last().isEqualTo(outcomeOfASecondAttempt().name());
    await().untilAsserted(() -> assertThat(new HashSet<>(jobs())).containsExactly(name()));
    await().untilAsserted(() -> assertThat(agent.problems()).isEmpty());
  }

  @Test
  void aCrashBetweenTheJobAndItsRecordEndsWithOneJob() {
    crashBetweenTheJobAndItsRecord(queue());

    Retraining second = agent(queue());
    second.start();

    await().until(() -> !heard.isEmpty());
    assertThat(heard).containsExactly(outcomeOfASecondAttempt().name());
    assertThat(new HashSet<>(jobs())).containsExactly(name());
    await()
        .untilAsserted(
            () ->
                assertThat(second.status("fraud"))
                    .singleElement()
                    .satisfies(status -> assertThat(status.owedJob()).isEmpty()));
  }

  void crashBetweenTheJobAndItsRecord(RetrainingQueue queue) {
    AtomicBoolean crashed = new AtomicBoolean();
    Retraining first =
        agent(
            job ->
                queue
                    .enqueue(job)
                    .invoke(() -> crashed.set(true))
                    .chain(() -> Uni.createFrom().nothing()));
    receive(first);
    await().untilTrue(crashed);
  }

  static String name() {
    return job().name();
  }

  static RetrainingJob job() {
    return RetrainedModel.job("fraud", Kind.SCHEMA, PUBLISHED);
  }

  void awaitHeard(Outcome outcome) {
    await().until(() -> heard.contains(outcome.name()));
  }

  Retraining agent(RetrainingQueue queue) {
    Model model = RetrainedModel.named("fraud", target());
    Retraining agent =
        new Retraining(
            ledger,
            name -> Optional.of(model),
            each -> queue,
            Clock.fixed(PUBLISHED.plusSeconds(30), ZoneOffset.UTC),
            (delay, task) -> {
              long timer = vertx.setTimer(Math.max(1, delay.toMillis()), id -> task.run());
              return () -> vertx.cancelTimer(timer);
            },
            new Backoff(Duration.ofMillis(20), Duration.ofMillis(100), new Random(1)),
            new RetrainingListener() {
              @Override
              public void putOff(RetrainingJob job) {}

              @Override
              public void enqueued(RetrainingJob job, String queueName, Outcome outcome) {
                heard.add(outcome.name());
              }

              @Override
              public void failed(RetrainingJob job, String queueName, String problem) {
                heard.add("failed: " + problem);
              }
            },
            () -> true,
            Duration.ofMillis(100));
    agents.add(agent);
    return agent;
  }

  String receive(Retraining agent) {
    return receive(agent, PUBLISHED);
  }

  String receive(Retraining agent, Instant published) {
    String id = "m" + ++received;
    HeldMessage message = messages.hold(id);
    agent.offer(
        RetrainedModel.named("fraud", target()),
        RetrainedModel.trigger(Kind.SCHEMA, published),
        message);
    message.release();
    return id;
  }
}
