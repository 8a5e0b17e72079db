package io.modelrefresh.refresh;

import io.modelrefresh.serving.LoadOutcome;
import io.modelrefresh.serving.LoadRequest;
import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Replicas in memory, whose answers a test scripts. Used on the test's thread. */
final class ScriptedReplicas implements ReplicaDiscovery, ReplicaLoader {

  static final LoadOutcome CONFIRMED = new LoadOutcome.Confirmed();

  record Load(Replica replica, LoadRequest request) {}

  final List<Load> loads = new ArrayList<>();
  private final Set<Replica> existing = new LinkedHashSet<>();
  private final Map<Replica, Function<LoadRequest, LoadOutcome>> scripts = new HashMap<>();
  private final List<Runnable> gated = new ArrayList<>();
  private final Map<Replica, ObservedWatermark> said = new HashMap<>();
  private boolean gate;
  private Optional<String> unknown = Optional.empty();
  private Consumer<Set<Replica>> onChange = gone -> {};
  private boolean silent;
  boolean closed;
  int reads;
  int inFlight;
  int mostInFlight;

  static Replica replica(int number) {
    return new Replica("http", "10.0.0." + number, 8000);
  }

  static LoadOutcome failed(LoadOutcome.Kind kind) {
    return new LoadOutcome.Failed(kind, "scripted " + kind);
  }

  ScriptedReplicas with(int... numbers) {
    for (int number : numbers) {
      existing.add(replica(number));
    }
    return this;
  }

  void remove(int number) {
    existing.remove(replica(number));
  }

  void answer(int number, Function<LoadRequest, LoadOutcome> script) {
    scripts.put(replica(number), script);
  }

  void answer(int number, LoadOutcome always) {
    answer(number, request -> always);
  }

  void unknown(String reason) {
    unknown = Optional.of(reason);
  }

  /** From now on it is not told which replicas there are. */
  void silent() {
    silent = true;
  }

  void known() {
    unknown = Optional.empty();
  }

  /** From now on loads do not complete until released. */
  void gate() {
    gate = true;
  }

  /** Completes the loads that wait; those sent meanwhile complete at once. */
  void open() {
    gate = false;
    List<Runnable> waiting = List.copyOf(gated);
    gated.clear();
    waiting.forEach(Runnable::run);
  }

  /** Completes the loads that wait; those sent meanwhile wait. */
  void step() {
    List<Runnable> waiting = List.copyOf(gated);
    gated.clear();
    waiting.forEach(Runnable::run);
  }

  long loadsOf(int number) {
    return loads.stream().filter(load -> load.replica().equals(replica(number))).count();
  }

  @Override
  public Runnable onChange(Consumer<Set<Replica>> listener) {
    onChange = listener;
    return () -> {};
  }

  @Override
  public void close() {
    closed = true;
  }

  /** Tells whoever listens that the set has changed, and that these were not there for a moment. */
  void announce(int... gone) {
    onChange.accept(
        Arrays.stream(gone).mapToObj(ScriptedReplicas::replica).collect(Collectors.toSet()));
  }

  @Override
  public Uni<Set<Replica>> replicas() {
    return Uni.createFrom()
        .deferred(
            () -> {
              reads++;
              return silent
                  ? Uni.createFrom().nothing()
                  : unknown.isPresent()
                      ? Uni.createFrom().failure(new IllegalStateException(unknown.get()))
                      : Uni.createFrom().item(Set.copyOf(existing));
            });
  }

  @Override
  public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
    return Uni.createFrom().emitter(emitter -> begin(replica, request, emitter));
  }

  /** What a replica says that it covers; by default it cannot tell. */
  void says(int number, ObservedWatermark observed) {
    said.put(replica(number), observed);
  }

  @Override
  public Uni<ObservedWatermark> observed(Replica replica) {
    return Uni.createFrom()
        .item(() -> said.getOrDefault(replica, new ObservedWatermark.Unknown("not scripted")));
  }

  private void begin(
      Replica replica, LoadRequest request, UniEmitter<? super LoadOutcome> emitter) {
    loads.add(new Load(replica, request));
    inFlight++;
    mostInFlight = Math.max(mostInFlight, inFlight);
    Runnable complete =
        () -> {
          inFlight--;
          emitter.complete(scripts.getOrDefault(replica, r -> CONFIRMED).apply(request));
        };
    if (gate) {
      gated.add(complete);
    } else {
      complete.run();
    }
  }
}
