package io.modelrefresh.retraining;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.leadership.LeaseElection;
import io.modelrefresh.leadership.LeaseSettings;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Agents that share one API server and die at random, with everything delivered more than once and
 * to any that is active: all three, or the one that holds the lease. {@code -Dseed=N} repeats a
 * schedule.
 */
@Timeout(300)
class ManyAgentsTest {

  private static final int MODELS = 50;
  private static final int TRIGGERS = 2_000;
  private static final int DELIVERIES = 10_000;
  private static final int AGENTS = 3;
  private static final int KILLS = 40;

  /** Fewer, since each costs the time in which the lease expires. */
  private static final int KILLS_OF_A_HOLDER = 12;

  private static final Duration LEASE = Duration.ofSeconds(1);

  /** How wrong clocks are here; {@link Owed#CLOCK_SKEW} is what they may be. */
  private static final Duration SKEW = Duration.ofSeconds(30);

  private static final Duration COOLDOWN = RetrainedModel.COOLDOWN;
  private static final Instant START = Instant.parse("2020-11-22T10:00:00Z");

  /** Held here, or the level set would be forgotten with it. */
  private final Logger serversLog = Logger.getLogger("io.fabric8.mockwebserver.MockWebServer");

  private final Logger lanesLog = Logger.getLogger(RetrainingLane.class.getName());
  private final Logger leadershipLog = Logger.getLogger(LeaseElection.class.getPackageName());

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final Vertx vertx = Vertx.vertx();
  private final ApiServer server = new ApiServer().up();
  private final SettableClock clock = new SettableClock();
  private final Map<String, Model> models = new HashMap<>();
  private final Queue<String> writes = new ConcurrentLinkedQueue<>();
  private final List<Agent> agents = new ArrayList<>();
  private final List<ClusterAccess> clusters = new ArrayList<>();

  @BeforeEach
  void given(@TempDir Path directory) throws IOException {
    server.observe(
        (asked, answered) -> {
          if (asked.getMethod().equals("PUT") || asked.getMethod().equals("POST")) {
            writes.add(
                "%s %s %d %s %s"
                    .formatted(
                        clock.instant(),
                        asked.getMethod(),
                        answered.code(),
                        asked.getPath(),
                        new String(answered.getBody().getBytes(), UTF_8)));
          }
        });
    serversLog.setLevel(Level.OFF);
    lanesLog.setLevel(Level.OFF);
    leadershipLog.setLevel(Level.OFF);
    Path template =
        Files.writeString(
            directory.resolve("job.yaml"),
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {namespace: ml}
            spec:
              template:
                spec: {containers: [{name: train, image: "train:1"}], restartPolicy: Never}
            """);
    for (int i = 0; i < MODELS; i++) {
      String name = "model-" + i;
      models.put(
          name,
          RetrainedModel.named(
              name,
              new Kubernetes(
                  new Source.TemplateFile(template), Optional.empty(), Duration.ofDays(7))));
    }
  }

  @AfterEach
  void close() {
    agents.forEach(Agent::kill);
    clusters.forEach(ClusterAccess::close);
    server.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    serversLog.setLevel(null);
    lanesLog.setLevel(null);
    leadershipLog.setLevel(null);
  }

  private record Delivered(String model, Kind kind, Instant published) {}

  @ParameterizedTest(name = "with a lease: {0}")
  @ValueSource(booleans = {false, true})
  void everyModelReasonAndWindowHasExactlyOneJobAndEveryTriggerIsCovered(boolean lease) {
    for (int i = 0; i < AGENTS; i++) {
      agents.add(new Agent(i, lease));
    }
    List<Delivered> triggers = triggers();
    List<Delivered> deliveries = deliveries(triggers);
    Set<Integer> kills =
        random
            .ints(0, DELIVERIES)
            .distinct()
            .limit(lease ? KILLS_OF_A_HOLDER : KILLS)
            .boxed()
            .collect(Collectors.toSet());

    for (int i = 0; i < deliveries.size(); i++) {
      Delivered next = deliveries.get(i);
      clock.atLeast(next.published());
      if (kills.contains(i)) {
        anyActive().kill();
      }
      String id = "m" + i;
      unacked.put(id, next);
      anyActive().receive(id, next);
    }
    // What a killed agent held is delivered again, and all die once more before the last is due.
    redeliverWhatWasNotAcked();
    agents.forEach(Agent::kill);
    redeliverWhatWasNotAcked();
    for (int windows = 0; windows < 4; windows++) {
      clock.atLeast(clock.instant().plus(COOLDOWN));
      awaitNothingDue();
    }

    assertExactlyOneJobForEachWindow();
    assertEveryTriggerIsCovered(triggers);
  }

  private List<Delivered> triggers() {
    List<Delivered> triggers = new ArrayList<>();
    for (int i = 0; i < TRIGGERS; i++) {
      Kind kind = random.nextBoolean() ? Kind.SCHEMA : Kind.DRIFT;
      Instant published =
          START.plusMillis((long) (random.nextDouble() * Duration.ofHours(30).toMillis()));
      triggers.add(new Delivered("model-" + random.nextInt(MODELS), kind, published));
    }
    return triggers;
  }

  /** Each once, the rest redeliveries, roughly in the order they were published. */
  private List<Delivered> deliveries(List<Delivered> triggers) {
    List<Delivered> all = new ArrayList<>(triggers);
    while (all.size() < DELIVERIES) {
      all.add(triggers.get(random.nextInt(triggers.size())));
    }
    Map<Integer, Double> keys = new HashMap<>();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      keys.put(i, all.get(i).published().getEpochSecond() + random.nextGaussian() * 3600);
      order.add(i);
    }
    order.sort((one, other) -> Double.compare(keys.get(one), keys.get(other)));
    return order.stream().map(all::get).toList();
  }

  private final Map<String, Delivered> unacked = new ConcurrentHashMap<>();

  /** Whoever opened the subscription: the holder of the lease, or any where there is none. */
  private Agent anyActive() {
    agents.replaceAll(agent -> agent.dead ? new Agent(agent.number, agent.lease) : agent);
    List<Agent> active = active();
    return active.isEmpty() ? awaitAHolder() : active.get(random.nextInt(active.size()));
  }

  private List<Agent> active() {
    return agents.stream().filter(Agent::isActive).toList();
  }

  private Agent awaitAHolder() {
    return await()
        .pollInterval(Duration.ofMillis(10))
        .until(this::active, found -> !found.isEmpty())
        .get(0);
  }

  /** Each is the message it was, so an agent that still holds it knows it again. */
  private void redeliverWhatWasNotAcked() {
    Map.copyOf(unacked).forEach((id, delivered) -> anyActive().receive(id, delivered));
    await().untilAsserted(() -> assertThat(unacked).as("seed %d", seed).isEmpty());
  }

  private void awaitNothingDue() {
    await()
        .untilAsserted(
            () -> {
              anyActive();
              assertThat(ledgers().values())
                  .as("seed %d", seed)
                  .flatExtracting(state -> state.entries().values())
                  .allMatch(
                      entry ->
                          entry
                              .owed()
                              .filter(owed -> !owed.notBefore().plus(SKEW).isAfter(clock.instant()))
                              .isEmpty());
            });
  }

  private Map<String, LedgerState> ledgers() {
    KubernetesLedger ledger = new KubernetesLedger(clusters.get(0), Optional.of("agents"));
    Map<String, LedgerState> states = new HashMap<>();
    for (String model : models.keySet()) {
      states.put(model, ledger.read(model).await().atMost(Duration.ofSeconds(30)));
    }
    return states;
  }

  private void assertExactlyOneJobForEachWindow() {
    List<Job> jobs = server.admin().batch().v1().jobs().inNamespace("ml").list().getItems();
    List<String> identities =
        jobs.stream().map(HasMetadata::getMetadata).map(m -> identity(m.getLabels())).toList();
    assertThat(identities).as("seed %d", seed).doesNotHaveDuplicates().isNotEmpty();
    assertThat(server.creations().stream().filter(path -> path.endsWith("/jobs")).count())
        .as("creations at the queue, seed %d", seed)
        .isEqualTo(jobs.size());
    Map<String, List<Instant>> windows = new HashMap<>();
    for (Job job : jobs) {
      windows
          .computeIfAbsent(
              job.getMetadata().getLabels().get(Labels.MODEL)
                  + job.getMetadata().getLabels().get(Labels.REASON),
              key -> new ArrayList<>())
          .add(Instant.parse(job.getMetadata().getAnnotations().get(Labels.WINDOW)));
    }
    windows.forEach(
        (key, starts) -> {
          Collections.sort(starts);
          for (int i = 1; i < starts.size(); i++) {
            assertThat(Duration.between(starts.get(i - 1), starts.get(i)))
                .as("cooldown of %s, seed %d", key, seed)
                .isGreaterThanOrEqualTo(COOLDOWN);
          }
        });
  }

  private static String identity(Map<String, String> labels) {
    return String.join(
        "/", labels.get(Labels.MODEL), labels.get(Labels.REASON), labels.get(Labels.WINDOW));
  }

  private void assertEveryTriggerIsCovered(List<Delivered> triggers) {
    Map<String, LedgerState> ledgers = ledgers();
    Map<Delivered, LedgerEntry> lost = new HashMap<>();
    for (Delivered trigger : triggers) {
      LedgerEntry entry = ledgers.get(trigger.model()).entry(trigger.kind());
      if (entry.covered().filter(covered -> !trigger.published().isAfter(covered)).isEmpty()) {
        lost.put(trigger, entry);
      }
    }
    assertThat(lost)
        .as(() -> "seed %d, the ledgers' history:%n%s".formatted(seed, history(lost.keySet())))
        .isEmpty();
  }

  private String history(Set<Delivered> lost) {
    Set<String> ledgers =
        lost.stream().map(each -> KubernetesLedger.name(each.model())).collect(Collectors.toSet());
    return writes.stream()
        .filter(write -> ledgers.stream().anyMatch(write::contains))
        .collect(Collectors.joining("\n"));
  }

  /** An agent's process: once killed, nothing it began has any further effect on it. */
  private final class Agent {

    private final int number;
    private final boolean lease;
    private final Clock wrong;
    private final ClusterAccess cluster = new ClusterAccess(server::client, vertx);
    private final Messages messages = new Messages();
    private final Retraining retraining;
    private final Optional<KubernetesClient> elections;
    private volatile boolean active;
    private volatile boolean dead;

    /**
     * @param number from 0; the clock of the first is right, the others' are early and late
     */
    Agent(int number, boolean lease) {
      this.number = number;
      this.lease = lease;
      wrong = Clock.offset(clock, SKEW.multipliedBy(number == 2 ? -1 : number));
      clusters.add(cluster);
      Map<Model, RetrainingQueue> queues = new HashMap<>();
      models
          .values()
          .forEach(
              model ->
                  queues.put(
                      model,
                      mortal(
                          new KubernetesQueue(
                              cluster,
                              (Kubernetes) model.retraining().orElseThrow().queue(),
                              wrong))));
      retraining =
          new Retraining(
              new MortalLedger(new KubernetesLedger(cluster, Optional.of("agents"))),
              name -> Optional.ofNullable(models.get(name)),
              queues::get,
              wrong,
              (delay, task) -> {
                // The clock here runs much faster than the one timers go by.
                long timer = vertx.setTimer(20, id -> runIfAlive(task));
                return () -> vertx.cancelTimer(timer);
              },
              new Backoff(Duration.ofMillis(1), Duration.ofMillis(5), new Random(seed)),
              new RetrainingListener() {
                @Override
                public void putOff(RetrainingJob job) {}

                @Override
                public void enqueued(RetrainingJob job, String queue, Outcome outcome) {}

                @Override
                public void failed(RetrainingJob job, String queue, String problem) {}
              },
              () -> true,
              Duration.ofMillis(200));
      elections = lease ? Optional.of(client()) : Optional.empty();
      elections.ifPresentOrElse(this::compete, this::activate);
    }

    private KubernetesClient client() {
      return new KubernetesClientBuilder().withConfig(server.client().getConfiguration()).build();
    }

    /** As the agent does, by a client of its own: without it, the lease is left to expire. */
    private void compete(KubernetesClient client) {
      new LeaseElection(
              () -> client,
              new LeaseSettings("agents", "agent", UUID.randomUUID().toString(), LEASE),
              (delay, task) ->
                  vertx.setTimer(
                      delay.toMillis(), id -> vertx.executeBlocking(() -> runIfAlive(task), false)),
              new LeaseElection.Listener() {
                @Override
                public void activated() {
                  activate();
                }

                @Override
                public void superseded(String holder) {
                  kill();
                }
              })
          .start();
    }

    private void activate() {
      if (!dead) {
        retraining.start();
        active = true;
      }
    }

    boolean isActive() {
      return active && !dead;
    }

    private boolean runIfAlive(Runnable task) {
      if (!dead) {
        task.run();
      }
      return !dead;
    }

    void kill() {
      dead = true;
      elections.ifPresent(KubernetesClient::close);
    }

    void receive(String id, Delivered delivered) {
      messages
          .receive(
              id,
              () -> {
                if (!dead) {
                  unacked.remove(id);
                }
              })
          .ifPresent(
              message -> {
                retraining.offer(
                    models.get(delivered.model()),
                    RetrainedModel.trigger(delivered.kind(), delivered.published()),
                    message);
                message.release();
              });
    }

    /** Either the call is not made, or it is made and never heard of. */
    private <T> Uni<T> mortal(Uni<T> call) {
      return Uni.createFrom()
          .deferred(() -> dead ? Uni.createFrom().nothing() : call)
          .chain(result -> dead ? Uni.createFrom().nothing() : Uni.createFrom().item(result))
          .onFailure(failure -> dead)
          .recoverWithUni(Uni.createFrom().nothing());
    }

    private RetrainingQueue mortal(RetrainingQueue queue) {
      return job -> mortal(queue.enqueue(job));
    }

    private final class MortalLedger implements Ledger {
      private final Ledger ledger;

      MortalLedger(Ledger ledger) {
        this.ledger = ledger;
      }

      @Override
      public boolean durable() {
        return true;
      }

      @Override
      public Uni<LedgerState> read(String model) {
        return mortal(ledger.read(model));
      }

      @Override
      public Uni<LedgerState> write(String model, LedgerState state) {
        return mortal(ledger.write(model, state));
      }

      @Override
      public Uni<List<String>> owing() {
        return mortal(ledger.owing());
      }
    }
  }

  private static final class SettableClock extends Clock {
    private volatile Instant now = START;

    synchronized void atLeast(Instant instant) {
      now = instant.isAfter(now) ? instant : now;
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
