package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import java.util.Set;

/** Finds the replicas that serve a model now. Called at the start and the end of every rollout. */
public interface ReplicaDiscovery {

  /**
   * The replicas there are. An empty set is known to be empty; a failure means the set is unknown,
   * and its message names what could not be asked and why. Never blocks the caller.
   */
  Uni<Set<Replica>> replicas();
}
