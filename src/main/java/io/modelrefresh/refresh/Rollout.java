package io.modelrefresh.refresh;

import io.modelrefresh.serving.Replica;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** One rollout under way. Guarded by the lane's lock. */
final class Rollout {

  final String id;
  final Served served;
  final Instant startedAt;

  /** Every arrival up to this sequence is to be covered on every replica at the end. */
  final long target;

  /** The oldest of the updates it is to cover. */
  final Oldest oldest;

  final Deque<ReplicaState> queue = new ArrayDeque<>();
  final Set<Replica> attempted = new HashSet<>();
  int parallel = 1;
  int inFlight;

  /**
   * Whether some replica covers what is owed: from then on an error answer is that replica's own.
   */
  boolean canaryConfirmed;

  /** Why no further replica is tried: the canary's error answer, or the set not being known. */
  Optional<String> stopped = Optional.empty();

  /** The last failure of any replica in this rollout. */
  Optional<String> failure = Optional.empty();

  /** Whether the catalog has changed: the loads in flight may finish, and it counts as nothing. */
  boolean abandoned;

  Rollout(String id, Served served, Instant startedAt, long target, Oldest oldest) {
    this.id = id;
    this.served = served;
    this.startedAt = startedAt;
    this.target = target;
    this.oldest = oldest;
  }

  void abandon() {
    abandoned = true;
    stopped = Optional.of("the catalog has changed");
  }
}
