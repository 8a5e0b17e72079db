package io.modelrefresh.soak;

import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.grpc.Status;
import io.modelrefresh.ApiServer;
import io.modelrefresh.agent.Topic;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionJournal;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.retraining.RetrainingAudit;
import io.modelrefresh.retraining.ScriptedServer;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;

/** One schedule, carried out: a world of its own around some agents, and the verdict. */
final class Soak implements AutoCloseable {

  private static final String DEAD_LETTERS = "projects/it/topics/feature-updates-dead-letter";
  private static final String DEAD_LETTERS_SUB =
      "projects/it/subscriptions/feature-updates-dead-letter-sub";
  private static final String LEASE = "model-refresh-agent";
  private static final String IDENTITY = "agent-";
  private static final Duration START = Duration.ofSeconds(300);
  private static final Duration CONVERGENCE = Duration.ofSeconds(300);
  private static final Duration LOOK = Duration.ofMillis(500);
  private static final Duration CALM = Duration.ofSeconds(8);
  private static final int HEAP_SAMPLES = 12;
  private static final int THREADS = 48;

  private static final String JOB =
      """
      apiVersion: batch/v1
      kind: Job
      metadata: {namespace: ml}
      spec:
        template:
          spec: {containers: [{name: train, image: "train:1"}], restartPolicy: Never}
      """;

  /** Held here, or the level set would be forgotten with it. */
  private final Logger apiServersLog = Logger.getLogger("io.fabric8.mockwebserver.MockWebServer");

  private final Schedule schedule;
  private final Path directory;
  private final History history;
  private final Journal journal = new Journal();
  private final RetrainingAudit retraining = new RetrainingAudit();
  private final Footprint footprint = new Footprint();
  private final Collection<PubsubMessage> deadLetters = new ConcurrentLinkedQueue<>();
  private final Map<String, Instant> deadLetteredAt = new ConcurrentHashMap<>();
  private final Map<Fault.Kind, AtomicInteger> injected = new ConcurrentSkipListMap<>();

  private final EmbeddedPubSub pubSub = EmbeddedPubSub.start();
  private final Topic topic = new Topic(pubSub.address(), "it");
  private final SubscriptionProbe subscription;
  private final ApiServer api = new ApiServer().up();
  private final Vertx vertx = Vertx.vertx();
  private final ScriptedServer queue =
      new ScriptedServer(vertx, request -> RetrainingAudit.nameOf(request.body()));
  private final Fleet fleet;
  private final Catalog catalog;
  private final Agents agents;
  private final Traffic traffic;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(THREADS);
  private final AtomicInteger faultsUnderWay = new AtomicInteger();

  /** Holders of the lease, in order. Written on the API server's threads, one at a time. */
  private final List<String> holders = new CopyOnWriteArrayList<>();

  /** Until when an agent may refuse to start, or end: its catalog is broken, or the lease gone. */
  private volatile Instant mayEndUntil = Instant.MIN;

  /** Before and after, agents have little to do, which would hide what has grown. */
  private volatile boolean busy;

  Soak(Schedule schedule, Path directory) {
    this.schedule = schedule;
    this.directory = directory;
    history = new History(directory.resolve("history.txt"));
    apiServersLog.setLevel(Level.OFF);
    try {
      pubSub.createTopic(topic.name());
      pubSub.createTopic(DEAD_LETTERS);
      pubSub.createSubscription(DEAD_LETTERS_SUB, DEAD_LETTERS);
      pubSub.createSubscription(provisioned());
      pubSub.journal(topic.subscription(), journal);
      pubSub.journal(DEAD_LETTERS_SUB, new DeadLetterJournal());
      subscription = pubSub.probe(topic.subscription());
      api.observe(this::observe);
      boolean canName = NameServer.canBeChosen();
      fleet = new Fleet(api, canName);
      catalog =
          new Catalog(fleet, queue.port(), Files.writeString(directory.resolve("job.yaml"), JOB));
      agents =
          new Agents(
              schedule.agents(),
              pubSub.address(),
              this::configuration,
              command(canName),
              history,
              directory);
      traffic = new Traffic(topic, journal, schedule.seed());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compiled cheaply, since they are started so often. */
  private List<String> command(boolean canName) {
    List<String> command =
        new ArrayList<>(
            List.of("env", "JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"));
    if (canName) {
      command.addAll(NameServer.command(fleet.nameServerPort(), directory));
    }
    return command;
  }

  /** As the README says, but for backoffs that a test can wait for. */
  private Subscription provisioned() {
    return Subscription.newBuilder()
        .setName(topic.subscription())
        .setTopic(topic.name())
        .setAckDeadlineSeconds(10)
        .setDeadLetterPolicy(
            DeadLetterPolicy.newBuilder()
                .setDeadLetterTopic(DEAD_LETTERS)
                .setMaxDeliveryAttempts(100))
        .setRetryPolicy(
            RetryPolicy.newBuilder()
                .setMinimumBackoff(Durations.fromMillis(100))
                .setMaximumBackoff(Durations.fromSeconds(2)))
        .build();
  }

  private Map<String, String> configuration(int agent) {
    Map<String, String> configuration = new HashMap<>();
    configuration.put("quarkus.kubernetes-client.api-server-url", api.url());
    configuration.put("quarkus.kubernetes-client.namespace", "ml");
    if (schedule.lease()) {
      configuration.put("model-refresh.lease.name", LEASE);
      configuration.put("model-refresh.lease.identity", IDENTITY + agent);
      configuration.put("model-refresh.lease.duration", Schedule.LEASE.toSeconds() + "s");
    }
    configuration.put("model-refresh.catalog.location", catalog.file().toString());
    configuration.put("model-refresh.catalog.check-interval", "500ms");
    configuration.put("model-refresh.resync-interval", "5s");
    configuration.put("model-refresh.retraining.ledger", "kubernetes");
    configuration.put("model-refresh.retraining.scan-interval", "2s");
    String channel = "mp.messaging.incoming.feature-updates.";
    configuration.put(channel + "max-duration-per-ack-extension", "10s");
    configuration.put(channel + "max-ack-extension", schedule.maxAckExtension().toSeconds() + "s");
    configuration.put(channel + "restart.max-wait", "2s");
    configuration.put(channel + "drain-timeout", "3s");
    return configuration;
  }

  private final class DeadLetterJournal implements SubscriptionJournal {
    @Override
    public void published(PubsubMessage message) {
      deadLetters.add(message);
      deadLetteredAt.putIfAbsent(
          message.getAttributesOrDefault("original.message-id", ""), Instant.now());
    }
  }

  private void observe(RecordedRequest request, MockResponse response) {
    try {
      retraining.accept(request, response);
      observeLease(request, response);
    } catch (RuntimeException e) {
      history.violation("the harness could not follow %s: %s", request.getPath(), e);
    }
  }

  private void observeLease(RecordedRequest request, MockResponse response) {
    if (request.getPath().contains("/leases") && response.code() < 300) {
      Lease lease =
          Serialization.unmarshal(
              new String(response.getBody().getBytes(), StandardCharsets.UTF_8), Lease.class);
      if (lease != null && lease.getSpec() != null) {
        String holder = lease.getSpec().getHolderIdentity();
        if (holder != null
            && !holder.isEmpty()
            && (holders.isEmpty() || !holders.get(holders.size() - 1).equals(holder))) {
          holders.add(holder);
          history.add("%s holds the lease", holder);
        }
      }
    }
  }

  private OptionalInt holder() {
    String last = holders.isEmpty() ? "" : holders.get(holders.size() - 1);
    return last.startsWith(IDENTITY)
        ? OptionalInt.of(Integer.parseInt(last.substring(IDENTITY.length())))
        : OptionalInt.empty();
  }

  // ---- The course of it ----

  /** Carries the schedule out. What came of it is in the history. */
  void run() {
    history.add("%s", schedule);
    Instant start = Instant.now();
    agents.places().forEach(Agents.Place::start);
    Future<?> watching = executor.scheduleWithFixedDelay(this::watch, 1, 1, TimeUnit.SECONDS);
    await("agents are ready", START, agents::unready);
    if (!history.isClean()) {
      return;
    }
    Duration boot = Duration.between(start, Instant.now());
    catalog.agentsNeed(boot);
    footprint.agentsNeed(boot);
    Duration heaps = schedule.length().dividedBy(HEAP_SAMPLES);
    Future<?> measuring =
        executor.scheduleWithFixedDelay(
            () -> footprint.sampleHeaps(agents, holder()),
            heaps.toMillis() / 2,
            heaps.toMillis(),
            TimeUnit.MILLISECONDS);
    traffic.start();
    busy = true;
    for (Fault fault : schedule.faults()) {
      executor.schedule(() -> inject(fault), fault.at().toMillis(), TimeUnit.MILLISECONDS);
    }
    sleep(schedule.length());
    measuring.cancel(false);
    busy = false;
    await("the faults end", CONVERGENCE, () -> pending(faultsUnderWay.get() > 0, "some last"));
    traffic.close();
    pubSub.faults().clear();
    fleet.deployments().forEach(all -> all.pods.forEach(pod -> pod.server.heal()));
    history.add("all faults are lifted, nothing more is published");
    await("all converges", CONVERGENCE, this::unsettled);
    sleep(CALM);
    await("nothing is held", Duration.ofSeconds(20), this::unsettled);
    watching.cancel(false);
    Oracle oracle = new Oracle(journal, catalog, fleet, retraining, history);
    oracle.judge(deadLetters, deadLetteredAt);
    List<String> jobs =
        queue.requests().stream()
            .map(ScriptedServer.Request::body)
            .filter(body -> queue.jobs().contains(RetrainingAudit.nameOf(body)))
            .distinct()
            .toList();
    retraining
        .problems(api, oncePerName(jobs), Catalog.COOLDOWN)
        .forEach(problem -> history.violation("JOBS: %s", problem));
    List<String> closing = new ArrayList<>(footprint.judge(history));
    closing.add(0, closingLine(oracle));
    closing.add(1, "faults: " + injected);
    closing.forEach(line -> history.add("%s", line));
    System.out.println(String.join(System.lineSeparator() + "  ", closing));
  }

  /** A request repeated is of the same job. */
  private static List<String> oncePerName(List<String> bodies) {
    Map<String, String> byName = new HashMap<>();
    bodies.forEach(body -> byName.putIfAbsent(RetrainingAudit.nameOf(body), body));
    return List.copyOf(byName.values());
  }

  private void inject(Fault fault) {
    faultsUnderWay.incrementAndGet();
    try {
      history.add("%s", fault);
      Runnable end = begin(fault);
      injected.computeIfAbsent(fault.kind(), kind -> new AtomicInteger()).incrementAndGet();
      if (fault.lasts().isZero()) {
        faultsUnderWay.decrementAndGet();
      } else {
        executor.schedule(() -> end(fault, end), fault.lasts().toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (RuntimeException e) {
      faultsUnderWay.decrementAndGet();
      history.violation("the harness could not inject %s: %s", fault, e);
    }
  }

  private void end(Fault fault, Runnable end) {
    try {
      end.run();
      history.add("end of %s %d", fault.kind(), fault.target());
    } catch (RuntimeException e) {
      history.violation("the harness could not end %s: %s", fault, e);
    } finally {
      faultsUnderWay.decrementAndGet();
    }
  }

  private Runnable begin(Fault fault) {
    return switch (fault.kind().scope) {
      case AGENT -> agents.begin(fault);
      case SERVER, NAME -> fleet.begin(fault);
      case CATALOG -> {
        if (fault.kind() == Fault.Kind.CATALOG_BROKEN
            || fault.kind() == Fault.Kind.CATALOG_HIDDEN) {
          mayEndUntil = Instant.now().plus(fault.lasts()).plus(catalog.adoption());
        }
        yield catalog.begin(fault);
      }
      case PUBSUB, STREAM -> pubSub(fault);
      case CLUSTER -> cluster(fault);
      case QUEUE -> queue(fault);
      case TRAFFIC -> {
        traffic.burst();
        yield () -> {};
      }
    };
  }

  private Runnable pubSub(Fault fault) {
    var faults = pubSub.faults();
    switch (fault.kind()) {
      case RESTART_PUBSUB -> pubSub.restart(true);
      case CUT_STREAMS ->
          faults.cutStreams(
              List.of(Status.UNAVAILABLE, Status.INTERNAL, Status.ABORTED, Status.OK)
                  .get(fault.detail() % 4));
      case DROP_ACKS -> faults.dropAcks(1 + fault.detail() % 50);
      case HALF_OPEN_STREAMS -> {
        faults.halfOpen(true);
        return () -> faults.halfOpen(false);
      }
      case DENY_STREAMS -> {
        return denied(fault.detail() % 2 == 0 ? topic.subscription() : "StreamingPull");
      }
      case DENY_ACKS -> {
        return denied(fault.detail() % 2 == 0 ? "Acknowledge" : "ModifyAckDeadline");
      }
      case DENY_DEAD_LETTERS -> {
        return denied(DEAD_LETTERS);
      }
      case SLOW_PUBSUB -> {
        faults.delay(Duration.ofMillis(100 + fault.detail()));
        return () -> faults.delay(Duration.ZERO);
      }
      default -> throw new IllegalArgumentException(fault.toString());
    }
    return () -> {};
  }

  private Runnable denied(String what) {
    pubSub.faults().deny(what);
    return () -> pubSub.faults().allow(what);
  }

  private Runnable cluster(Fault fault) {
    return switch (fault.kind()) {
      case API_SERVER_DOWN -> fleet.apiServerDown();
      case API_SERVER_FORBIDS -> fleet.apiServerForbids();
      case SEIZE_LEASE -> {
        fleet.seizeLease(LEASE);
        yield () -> {};
      }
      default -> throw new IllegalArgumentException(fault.toString());
    };
  }

  private Runnable queue(Fault fault) {
    switch (fault.kind()) {
      case QUEUE_DOWN -> {
        queue.down();
        return queue::up;
      }
      case QUEUE_REFUSES -> queue.answer(List.of(500, 503, 401).get(fault.detail() % 3));
      case QUEUE_STALLS -> queue.stall(true);
      default -> throw new IllegalArgumentException(fault.toString());
    }
    return () -> {
      queue.answer(0);
      queue.stall(false);
    };
  }

  private void watch() {
    try {
      if (busy) {
        footprint.sample(agents, holder());
      }
      boolean mayEnd = schedule.lease() || Instant.now().isBefore(mayEndUntil);
      agents.places().forEach(place -> place.startAgainIfEnded(mayEnd));
    } catch (RuntimeException e) {
      history.violation("the harness could not watch the agents: %s", e);
    }
  }

  // ---- Convergence ----

  private List<String> unsettled() {
    List<String> reasons = new ArrayList<>(agents.unsettled());
    if (subscription.backlog() > 0 || subscription.outstanding() > 0) {
      reasons.add(
          "the subscription has a backlog of %d, %d of them outstanding"
              .formatted(subscription.backlog(), subscription.outstanding()));
    }
    reasons.addAll(retraining.owed());
    return reasons;
  }

  private static List<String> pending(boolean wrong, String reason) {
    return wrong ? List.of(reason) : List.of();
  }

  @FunctionalInterface
  private interface Unsettled {
    List<String> reasons();
  }

  private void await(String what, Duration atMost, Unsettled unsettled) {
    Instant start = Instant.now();
    // Counted, not timed: where the whole machine is held up for a while, nobody is to blame.
    long looks = atMost.dividedBy(LOOK);
    List<String> reasons = unsettled.reasons();
    while (!reasons.isEmpty()) {
      if (looks-- == 0) {
        history.violation(
            "not within %d s: %s:%n    %s",
            atMost.toSeconds(), what, String.join(System.lineSeparator() + "    ", reasons));
        return;
      }
      sleep(LOOK);
      reasons = unsettled.reasons();
    }
    history.add("%s, after %d ms", what, Duration.between(start, Instant.now()).toMillis());
  }

  private static void sleep(Duration duration) {
    Instant end = Instant.now().plus(duration);
    while (Instant.now().isBefore(end)) {
      LockSupport.parkNanos(Duration.between(Instant.now(), end).toNanos());
    }
  }

  private int count(Fault.Kind kind) {
    return Optional.ofNullable(injected.get(kind)).map(AtomicInteger::get).orElse(0);
  }

  private String closingLine(Oracle oracle) {
    int loads =
        fleet.deployments().stream()
            .mapToInt(
                all -> all.pods.stream().mapToInt(pod -> pod.server.loadCount(all.model)).sum())
            .sum();
    int deliveries = journal.all().stream().mapToInt(sent -> sent.deliveries).sum();
    return ("SOAK seed %d, %d agents%s: %d updates published, %d deliveries; %s; %d jobs; %d loads"
            + " of %d models; %d faults, of them %d kills, %d stops, %d freezes, %d restarts of"
            + " Pub/Sub; %d agents started, %d holders of the lease, %d changes of the catalog;"
            + " %s")
        .formatted(
            schedule.seed(),
            schedule.agents(),
            schedule.lease() ? " with a lease" : "",
            journal.all().size(),
            deliveries,
            oracle.counts(),
            retraining.jobs(),
            loads,
            fleet.deployments().size(),
            injected.values().stream().mapToInt(AtomicInteger::get).sum(),
            count(Fault.Kind.KILL_AGENT),
            count(Fault.Kind.TERMINATE_AGENT),
            count(Fault.Kind.FREEZE_AGENT),
            count(Fault.Kind.RESTART_PUBSUB),
            agents.starts(),
            holders.size(),
            catalog.changes(),
            history.isClean() ? "the promise held" : history.verdict());
  }

  History history() {
    return history;
  }

  @Override
  public void close() {
    traffic.close();
    executor.shutdownNow();
    agents.close();
    fleet.close();
    catalog.close();
    queue.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    topic.close();
    pubSub.close();
    api.close();
    apiServersLog.setLevel(null);
  }
}
