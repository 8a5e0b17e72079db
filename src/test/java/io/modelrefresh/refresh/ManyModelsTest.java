package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.serving.LoadLimit;
import io.modelrefresh.serving.LoadRequest;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A thousand models of one feature view, all owed a refresh in the same moment. */
class ManyModelsTest extends LaneScenario {

  private static final int MODELS = 1_000;
  private static final int SERVERS = 100;
  private static final int MOST = 64;
  private static final Duration LOAD = Duration.ofMillis(40);
  private static final Duration LEEWAY = QUIET.dividedBy(5);
  private static final Duration BUCKET = Duration.ofMillis(5);

  private final LoadLimit limit = new LoadLimit(MOST);
  private final Map<String, Integer> loads = new HashMap<>();

  /** When each model's first rollout began to read its replicas. */
  private final Map<String, Instant> begun = new TreeMap<>();

  private int inFlight;
  private int mostInFlight;

  // ---- Given ----

  private static List<Model> models(OnStart onStart) {
    Model like = model(1, onStart);
    return IntStream.range(0, MODELS)
        .mapToObj(
            i -> new Model("m" + i, like.featureViews(), false, like.server(), like.refresh()))
        .toList();
  }

  private Lanes lanes(List<Model> models) {
    Random random = new Random(7);
    Lanes lanes =
        new Lanes(
            models,
            this::discoveryOf,
            model -> limit.limit(loaderOf(model)),
            new LaneContext("test", time, time, backoff(), random::nextDouble, listener()),
            Duration.ofHours(1));
    lanes.start();
    return lanes;
  }

  private ReplicaDiscovery discoveryOf(Model model) {
    int server = Integer.parseInt(model.name().substring(1)) % SERVERS;
    Set<Replica> replicas = Set.of(new Replica("http", "10.0.0." + server, 8000));
    return () ->
        Uni.createFrom()
            .item(
                () -> {
                  begun.putIfAbsent(model.name(), time.instant());
                  return replicas;
                });
  }

  /** Each load takes its time, by the clock of the test. */
  private ReplicaLoader loaderOf(Model model) {
    return (Replica replica, LoadRequest request) ->
        Uni.createFrom()
            .emitter(
                emitter -> {
                  loads.merge(model.name(), 1, Integer::sum);
                  inFlight++;
                  mostInFlight = Math.max(mostInFlight, inFlight);
                  time.after(
                      LOAD,
                      () -> {
                        inFlight--;
                        emitter.complete(ScriptedReplicas.CONFIRMED);
                      });
                });
  }

  // ---- When ----

  static Stream<Arguments> causes() {
    return Stream.of(
        cause("an update of the view", test -> test.update(test.lanes(models(OnStart.NEVER)))),
        cause("the agent starts", test -> test.lanes(models(OnStart.ALWAYS))),
        cause("the agent starts, if unknown", test -> test.lanes(models(OnStart.IF_UNKNOWN))),
        cause("updates may be lost", test -> test.lanes(models(OnStart.NEVER)).oweAll()),
        cause(
            "the catalog has them now",
            test -> test.lanes(List.of()).prepare(models(OnStart.NEVER)).run()));
  }

  private static Arguments cause(String why, Consumer<ManyModelsTest> what) {
    return Arguments.of(why, what);
  }

  private String update(Lanes lanes) {
    String id = "m" + ++published;
    HeldMessage message = messages.hold(id, delivery(id));
    Arrival arrival =
        Arrival.of(lanes.nextSequence(), time.instant(), update("stats", time.instant()), message);
    models(OnStart.NEVER).forEach(model -> lanes.offer(model, arrival));
    message.release();
    return id;
  }

  // ---- Then ----

  @ParameterizedTest(name = "{0}")
  @MethodSource("causes")
  void neverMoreThanMayLoadAtOnceDoAndEachLoadsOnce(String why, Consumer<ManyModelsTest> cause) {
    cause.accept(this);

    time.advance(Duration.ofMinutes(5));

    assertThat(mostInFlight).isEqualTo(MOST);
    assertThat(loads).hasSize(MODELS).allSatisfy((model, count) -> assertThat(count).isEqualTo(1));
    assertThat(reports)
        .hasSize(MODELS)
        .allMatch(report -> report.outcome() == RefreshListener.Outcome.SUCCESS);
  }

  @Test
  void theMessageOfAllOfThemIsAckedOnceTheLastHasLoaded() {
    Lanes lanes = lanes(models(OnStart.NEVER));
    String message = update(lanes);

    while (loads.size() < MODELS || inFlight > 0) {
      assertThat(settled).doesNotContainKey(message);
      time.advance(Duration.ofMillis(1));
    }

    assertThat(settled.get(message)).containsExactly("ack");
    assertThat(messages.count()).isZero();
    assertThat(lanes.statuses()).allMatch(status -> status.pending().isEmpty());
  }

  @Test
  void theirRolloutsOfOneUpdateBeginOneByOneAndNoneIsDelayedByMoreThanAFifthOfItsQuietPeriod() {
    Instant published = time.instant();
    update(lanes(models(OnStart.NEVER)));

    time.advance(MAX_WAIT);

    assertThat(begun.values())
        .hasSize(MODELS)
        .allMatch(at -> !at.isBefore(published.plus(QUIET)))
        .allMatch(at -> !at.isAfter(published.plus(QUIET).plus(LEEWAY)));
    assertThat(mostInABucket()).isLessThan(MODELS / 5);
  }

  @Test
  void theirRolloutsInASteadyStreamBeginOneByOneAndNoneAfterMaxWait() {
    Instant published = time.instant();
    Lanes lanes = lanes(models(OnStart.NEVER));

    while (time.instant().isBefore(published.plus(MAX_WAIT))) {
      update(lanes);
      time.advance(Duration.ofMillis(100));
    }

    assertThat(begun.values())
        .hasSize(MODELS)
        .allMatch(at -> !at.isBefore(published.plus(MAX_WAIT).minus(LEEWAY)))
        .allMatch(at -> !at.isAfter(published.plus(MAX_WAIT)));
    assertThat(mostInABucket()).isLessThan(MODELS / 5);
  }

  @Test
  void theirRolloutsWithoutAnUpdateAreSpreadFurtherAndBeginWithinMaxWait() {
    Instant owed = time.instant();
    lanes(models(OnStart.NEVER)).oweAll();

    time.advance(MAX_WAIT);

    assertThat(begun).hasSize(MODELS);
    assertThat(begun.values()).allMatch(at -> !at.isBefore(owed.plus(QUIET)));
    assertThat(mostInABucket()).isLessThan(MODELS / 50);
  }

  private long mostInABucket() {
    return begun.values().stream()
        .collect(
            Collectors.groupingBy(
                at -> at.toEpochMilli() / BUCKET.toMillis(), Collectors.counting()))
        .values()
        .stream()
        .mapToLong(count -> count)
        .max()
        .orElseThrow();
  }
}
