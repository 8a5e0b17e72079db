package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import java.util.function.BiFunction;

/** Makes one replica of one model load the features as they are now. */
public interface ReplicaLoader {

  /**
   * Loads, then waits until the model is ready on that replica. The load request is sent on
   * subscription. Completes with an outcome within the model's timeout and never fails; never
   * blocks the caller.
   */
  Uni<LoadOutcome> load(Replica replica, LoadRequest request);

  /**
   * Asks the replica, upon subscription, what its last confirmed load covers. Changes nothing
   * there. Completes within the model's timeout and never fails: what was not learned is {@link
   * ObservedWatermark.Unknown}, and always so by a protocol that cannot tell. Never blocks the
   * caller; the answer may arrive on any thread.
   */
  default Uni<ObservedWatermark> observed(Replica replica) {
    return Uni.createFrom()
        .item(new ObservedWatermark.Unknown("this loader cannot tell what a replica covers"));
  }

  /**
   * Asks, upon subscription, whether anything answers at the replica's address, whatever it says.
   * Changes nothing there. Completes within two seconds and never fails.
   */
  default Uni<Boolean> answers(Replica replica) {
    return Uni.createFrom().item(true);
  }

  /** The same loader, but for how it loads. */
  default ReplicaLoader loadingBy(BiFunction<Replica, LoadRequest, Uni<LoadOutcome>> load) {
    ReplicaLoader asked = this;
    return new ReplicaLoader() {
      @Override
      public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
        return load.apply(replica, request);
      }

      @Override
      public Uni<ObservedWatermark> observed(Replica replica) {
        return asked.observed(replica);
      }

      @Override
      public Uni<Boolean> answers(Replica replica) {
        return asked.answers(replica);
      }
    };
  }
}
