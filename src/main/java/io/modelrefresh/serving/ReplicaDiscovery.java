package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import java.util.Set;
import java.util.function.Consumer;

/** Finds the replicas that serve a model now. Called at the start and the end of every rollout. */
public interface ReplicaDiscovery {

  /**
   * The replicas there are. An empty set is known to be empty; a failure means the set is unknown,
   * and its message names what could not be asked and why. Never blocks the caller.
   */
  Uni<Set<Replica>> replicas();

  /**
   * Has the listener run whenever the set may have changed or become known, by a discovery that is
   * told so; others do nothing, and are asked again now and then. It is run on any thread and
   * returns at once. By then the set may have changed back, as when a replica restarted at its
   * address; so it is given the replicas that were there and then were not: whatever they had
   * loaded may be gone.
   *
   * @return stops the runs; may itself be run more than once
   */
  default Runnable onChange(Consumer<Set<Replica>> listener) {
    return () -> {};
  }

  /** The model is gone, and nobody will ask again. */
  default void close() {}
}
