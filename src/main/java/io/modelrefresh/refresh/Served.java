package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.serving.LoadOutcome;
import io.modelrefresh.serving.LoadRequest;
import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A model of the catalog, what finds its replicas and what loads them.
 *
 * @param discovery closed by the lane that has it, once it has another
 */
record Served(Model model, ReplicaDiscovery discovery, ReplicaLoader loader) {

  /** How long replicas are asked what they cover: a rollout waits for it. */
  private static final Duration VERIFICATION = Duration.ofSeconds(2);

  /** Whether the other's replicas are these. */
  boolean isAt(Served other) {
    return discovery == other.discovery;
  }

  /** Whether what the other has loaded is what this would load. */
  boolean loads(Served other) {
    return model.server().equals(other.model.server())
        && model.featureViews().equals(other.model.featureViews());
  }

  /** Finds the replicas, and then runs the one or the other. */
  void read(Consumer<Set<Replica>> found, Consumer<Throwable> unknown) {
    discovery.replicas().subscribe().with(found, unknown);
  }

  /** Asks the replicas what they cover, and then says what was learned in time. */
  void ask(List<Replica> replicas, Consumer<Map<Replica, ObservedWatermark>> said) {
    Multi.createFrom()
        .iterable(replicas)
        .onItem()
        .transformToUniAndMerge(
            replica ->
                loader
                    .observed(replica)
                    .ifNoItem()
                    .after(VERIFICATION)
                    .recoverWithItem(new ObservedWatermark.Unknown("no answer in time"))
                    .map(answer -> Map.entry(replica, answer)))
        .collect()
        .asMap(Map.Entry::getKey, Map.Entry::getValue)
        .subscribe()
        .with(said, failure -> said.accept(Map.of()));
  }

  /** Loads one replica, and then says how that went. */
  void load(Replica replica, LoadRequest request, Consumer<LoadOutcome> outcome) {
    loader
        .load(replica, request)
        .subscribe()
        .with(
            outcome,
            failure ->
                outcome.accept(
                    new LoadOutcome.Failed(LoadOutcome.Kind.UNREACHABLE, failure.toString())));
  }

  /** Ends the discovery, unless the other goes on with it. */
  void closeUnless(Served other, List<Runnable> effects) {
    if (!isAt(other)) {
      effects.add(discovery::close);
    }
  }
}
