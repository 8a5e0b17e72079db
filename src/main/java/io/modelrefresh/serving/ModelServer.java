package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;

/**
 * What one protocol says to make a replica load one model, and to ask whether it serves it. An
 * instance belongs to one model and is used by all its rollouts, so it keeps no state; time limits
 * and polling are {@link VerifiedLoader}'s.
 */
interface ModelServer {

  /**
   * Asks the replica, upon subscription, to load the features as they are now. The answer is what
   * the replica said; a failure means that it said nothing ({@link UnreachableReplicaException}).
   */
  Uni<ServerAnswer> load(ReplicaClient replica, LoadRequest request);

  /**
   * Asks whether the model serves what was loaded. Called again, with growing pauses, until it is
   * {@link ServerAnswer.Accepted} or the model's timeout is over. Fails as {@link #load} does.
   */
  Uni<ServerAnswer> ready(ReplicaClient replica, LoadRequest request);

  /** See {@link ReplicaLoader#observed}. Fails as {@link #load} does. */
  default Uni<ObservedWatermark> observed(ReplicaClient replica) {
    return Uni.createFrom()
        .item(new ObservedWatermark.Unknown("the protocol cannot tell what a replica covers"));
  }
}
