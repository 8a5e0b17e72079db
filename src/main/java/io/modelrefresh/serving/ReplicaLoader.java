package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;

/** Makes one replica of one model load the features as they are now. */
public interface ReplicaLoader {

  /**
   * Loads, then waits until the model is ready on that replica. The load request is sent on
   * subscription. Completes with an outcome within the model's timeout and never fails; never
   * blocks the caller.
   */
  Uni<LoadOutcome> load(Replica replica, LoadRequest request);
}
