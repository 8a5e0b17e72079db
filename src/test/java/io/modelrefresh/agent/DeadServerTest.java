package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.agent.ServerFarm.FarmModel;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a model server that takes requests and answers none costs the other models: the same traffic
 * once with all servers alive, and once with those of one group dead.
 */
@QuarkusTest
@WithTestResource(
    value = ServerFarm.class,
    initArgs = {
      @ResourceArg(name = "models", value = "" + DeadServerTest.MODELS),
      @ResourceArg(name = "groups", value = "" + DeadServerTest.GROUPS),
      @ResourceArg(name = "crowded", value = "true"),
      @ResourceArg(name = "replicas", value = "2"),
      @ResourceArg(name = "views", value = "" + DeadServerTest.MODELS),
      @ResourceArg(name = "quiet-period", value = "50ms"),
      @ResourceArg(name = "max-wait", value = "500ms")
    })
class DeadServerTest {

  static final int MODELS = 120;
  static final int GROUPS = 40;

  /** Its servers serve one model. */
  private static final int LONELY_GROUP = 5;

  /** Its servers serve 81 models, more than may load at once by default. */
  private static final int CROWDED_GROUP = GROUPS - 1;

  /** Alive and dead in turn, so that what else the machine does befalls both; more to measure. */
  private static final int PAIRS = Integer.getInteger("dead-server.pairs", 1);

  private static final int UPDATES = 600;
  private static final Duration UPDATE_INTERVAL = Duration.ofMillis(4);
  private static final Duration LOOK_INTERVAL = Duration.ofMillis(40);

  @Inject EmbeddedPubSub emulator;
  @Inject Lanes lanes;
  @Inject HeldMessages messages;

  private final ScheduledExecutorService publisher = Executors.newSingleThreadScheduledExecutor();
  private final ScheduledExecutorService observer = Executors.newSingleThreadScheduledExecutor();
  private Topic topic;
  private SubscriptionProbe subscription;

  private record Update(FarmModel model, Instant publishedAt) {}

  @BeforeEach
  void given() {
    topic = new Topic(emulator.address(), "dev");
    subscription = emulator.probe(topic.subscription());
  }

  @AfterEach
  void end() {
    publisher.shutdownNow();
    observer.shutdownNow();
    topic.close();
  }

  @Test
  void theServersOfOneModelDieAndTheOthersGoOn() {
    compare("the servers of one model", LONELY_GROUP);
  }

  @Test
  void theServersOfManyModelsDieAndTheOthersGoOn() {
    compare("the servers of 81 models", CROWDED_GROUP);
  }

  /** A lane that waits to be told that one replica does not answer cannot load the other. */
  @Test
  void oneServerOfManyModelsDiesAndTheOtherIsLoaded() {
    List<FakeModelServer> servers = ServerFarm.groups().get(CROWDED_GROUP);
    List<FarmModel> models = servedBy(servers);
    for (FakeModelServer dead : servers) {
      FakeModelServer living = servers.get(1 - servers.indexOf(dead));
      dead.hang();
      Instant published = Instant.now();
      models.forEach(model -> topic.update(model.views().get(0)));

      await("the other server has loaded every model")
          .until(() -> models.stream().allMatch(model -> loadedSince(published, living, model)));

      assertThat(models).noneMatch(model -> loadedSince(published, dead, model));
      assertThat(models).allMatch(model -> status(model).heldMessages() == 1);
      System.out.printf(
          "DeadServerTest, one of two servers of %d models dead: the other has loaded them all"
              + " after %d ms%n",
          models.size(), Duration.between(published, Instant.now()).toMillis());
      dead.heal();
      awaitConverged(models);
    }
  }

  private static boolean loadedSince(Instant since, FakeModelServer server, FarmModel model) {
    return server.doneLoads(model.name()).stream()
        .anyMatch(load -> load.startedAt().isAfter(since));
  }

  private void compare(String what, int group) {
    List<FakeModelServer> mortal = ServerFarm.groups().get(group);
    List<Run> alive = new ArrayList<>();
    List<Run> dead = new ArrayList<>();
    run(mortal); // Warms up.

    for (int pair = 0; pair < PAIRS; pair++) {
      alive.add(run(mortal));
      awaitConverged(ServerFarm.models());

      Instant death = Instant.now();
      mortal.forEach(FakeModelServer::hang);
      dead.add(run(mortal));
      assertOwedAndExplained(dead.get(pair), mortal, death);

      mortal.forEach(FakeModelServer::heal);
      awaitConverged(ServerFarm.models());
    }

    await("everything published is acked").until(() -> subscription.backlog() == 0);
    System.out.printf(
        "DeadServerTest, %s: update to served on every replica of the other models, median of %d"
            + " runs of %d updates: all alive p50 %d ms, p99 %d ms; dead p50 %d ms, p99 %d ms;"
            + " difference at p50 %d ms, at p99 %d ms%n",
        what,
        PAIRS,
        alive.get(0).delays().size(),
        percentile(alive, 50),
        percentile(alive, 99),
        percentile(dead, 50),
        percentile(dead, 99),
        percentile(dead, 50) - percentile(alive, 50),
        percentile(dead, 99) - percentile(alive, 99));
  }

  private void assertOwedAndExplained(Run run, List<FakeModelServer> mortal, Instant death) {
    assertThat(run.looks().unexplained).as("answers that explain nothing").isEmpty();
    assertThat(run.looks().explained).as("answers that said what is pending").isPositive();
    assertThat(run.looks().notLive).as("liveness probes that failed").isZero();
    Set<FarmModel> owed =
        run.published().stream()
            .map(Update::model)
            .filter(model -> model.servers() == mortal)
            .collect(Collectors.toSet());
    assertThat(owed).isNotEmpty();
    for (FarmModel model : owed) {
      assertThat(status(model).pending()).contains("owes a refresh for " + model.views().get(0));
      assertThat(status(model).heldMessages()).as(model.name()).isEqualTo(1);
      assertThat(mortal)
          .allSatisfy(
              server ->
                  assertThat(server.doneLoads(model.name()))
                      .noneMatch(load -> load.startedAt().isAfter(death)));
    }
  }

  // ---- When ----

  /**
   * One run of the traffic, which is the same in all.
   *
   * @param delays how long each update of the models on living servers took to be served by every
   *     replica, in milliseconds
   */
  private record Run(List<Update> published, List<Long> delays, Looks looks) {

    long percentile(int percent) {
      return delays.stream().sorted().toList().get(delays.size() * percent / 100);
    }
  }

  private static long percentile(List<Run> runs, int percent) {
    return runs.stream().map(run -> run.percentile(percent)).sorted().toList().get(PAIRS / 2);
  }

  /** Ends when the models that are not on the mortal servers have converged. */
  private Run run(List<FakeModelServer> mortal) {
    Looks looks = new Looks();
    ScheduledFuture<?> looking =
        observer.scheduleWithFixedDelay(
            () -> looks.lookAt(servedBy(mortal).get(0)),
            0,
            LOOK_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
    List<Update> published = publish();
    List<FarmModel> others =
        ServerFarm.models().stream().filter(model -> model.servers() != mortal).toList();
    await("everything published is received")
        .until(() -> subscription.backlog() == messages.count());
    awaitConverged(others);
    looking.cancel(false);
    CompletableFuture.runAsync(() -> {}, observer).join(); // A look under way ends.
    List<Long> delays =
        published.stream()
            .filter(update -> others.contains(update.model()))
            .map(update -> Duration.between(update.publishedAt(), served(update)).toMillis())
            .toList();
    return new Run(published, delays, looks);
  }

  /** Evenly, unless that takes longer: then what is due is published at once. */
  private List<Update> publish() {
    List<FarmModel> drawn = drawn();
    List<Update> published = new ArrayList<>();
    CompletableFuture<List<Update>> done = new CompletableFuture<>();
    long begin = System.nanoTime();
    ScheduledFuture<?> publishing =
        publisher.scheduleWithFixedDelay(
            () -> {
              try {
                long due = 1 + (System.nanoTime() - begin) / UPDATE_INTERVAL.toNanos();
                List<FarmModel> models =
                    drawn.subList(published.size(), (int) Math.min(due, UPDATES));
                Instant now = Instant.now();
                topic.publish(
                    models.stream().map(model -> Topic.updateOf(model.views().get(0))).toList());
                models.forEach(model -> published.add(new Update(model, now)));
                if (published.size() == UPDATES) {
                  done.complete(published);
                }
              } catch (RuntimeException e) {
                done.completeExceptionally(e);
              }
            },
            0,
            UPDATE_INTERVAL.toMillis(),
            TimeUnit.MILLISECONDS);
    List<Update> all = done.orTimeout(60, TimeUnit.SECONDS).join();
    publishing.cancel(false);
    return all;
  }

  /** Each model once, so that each is owed something, and others as they are drawn. */
  private static List<FarmModel> drawn() {
    List<FarmModel> models = new ArrayList<>(ServerFarm.models());
    Random random = new Random(ServerFarm.SEED);
    while (models.size() < UPDATES) {
      models.add(ServerFarm.models().get(random.nextInt(MODELS)));
    }
    Collections.shuffle(models, random);
    return models;
  }

  // ---- Then ----

  /** When every replica had done a load that began after the update. */
  private static Instant served(Update update) {
    return update.model().servers().stream()
        .map(
            server ->
                server.doneLoads(update.model().name()).stream()
                    .filter(load -> !load.startedAt().isBefore(update.publishedAt()))
                    .map(DoneLoad::doneAt)
                    .min(Instant::compareTo)
                    .orElseThrow())
        .max(Instant::compareTo)
        .orElseThrow();
  }

  private static List<FarmModel> servedBy(List<FakeModelServer> servers) {
    return ServerFarm.models().stream().filter(model -> model.servers() == servers).toList();
  }

  private void awaitConverged(List<FarmModel> models) {
    await("they converge")
        .pollInterval(Duration.ofMillis(20))
        .until(() -> models.stream().allMatch(model -> status(model).pending().isEmpty()));
  }

  private LaneStatus status(FarmModel model) {
    return lanes.status(model.name()).orElseThrow();
  }

  /** What the API and the probe said while a run went on. */
  private static final class Looks {

    private final List<String> unexplained = new ArrayList<>();
    private int explained;
    private int notLive;

    void lookAt(FarmModel model) {
      String answer = RestAssured.get("/v1/models/" + model.name()).asString();
      JsonPath said = JsonPath.from(answer);
      List<String> pending = said.getList("pending", String.class);
      boolean owes = pending.stream().anyMatch(reason -> reason.startsWith("owes "));
      boolean why = pending.stream().anyMatch(reason -> !reason.startsWith("owes "));
      if (owes && why) {
        explained++;
      } else if (isOwed(said) || owes || why) {
        unexplained.add(answer);
      }
      if (RestAssured.get(FeatureUpdateEndToEndTest.management("/q/health/live")).statusCode()
          != 200) {
        notLive++;
      }
    }

    private static boolean isOwed(JsonPath said) {
      return said.getInt("held_messages") > 0
          || said.getList("replicas.state", String.class).stream()
              .anyMatch(state -> !state.equals("fresh"));
    }
  }
}
