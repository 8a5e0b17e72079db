package io.modelrefresh.refresh;

import io.modelrefresh.serving.Replica;
import java.time.Instant;
import java.util.Optional;

/** What a lane knows of one replica. Guarded by the lane's lock. */
final class ReplicaState {

  final Replica replica;

  /** What the last confirmed load covers: every arrival up to this sequence; 0 for no load yet. */
  long observedSequence;

  /** The model's watermark when that load was sent; empty when none had been received. */
  Optional<Instant> observedWatermark = Optional.empty();

  Optional<Instant> lastConfirmed = Optional.empty();
  Optional<Instant> loadingSince = Optional.empty();
  Optional<String> lastError = Optional.empty();

  /** Failed attempts in a row, and when the next one is due. */
  int failures;

  Instant retryAt = Instant.MIN;

  ReplicaState(Replica replica) {
    this.replica = replica;
  }

  void confirmed(long sequence, Optional<Instant> watermark, Instant now) {
    observedSequence = Math.max(observedSequence, sequence);
    observedWatermark = watermark;
    lastConfirmed = Optional.of(now);
    lastError = Optional.empty();
    failures = 0;
    retryAt = Instant.MIN;
  }

  /** The replica serves less than it was thought to, such as after it was started again. */
  void lost(Optional<Instant> covers) {
    observedSequence = 0;
    observedWatermark = covers;
    lastError = Optional.of("no longer serves the features it had loaded");
  }

  void failed(String reason, Instant now, Backoff backoff) {
    failures++;
    retryAt = now.plus(backoff.after(failures));
    lastError = Optional.of(reason);
  }

  LaneStatus.ReplicaStatus status(long desiredSequence) {
    LaneStatus.State state =
        loadingSince.isPresent()
            ? LaneStatus.State.LOADING
            : observedSequence >= desiredSequence ? LaneStatus.State.FRESH : LaneStatus.State.STALE;
    return new LaneStatus.ReplicaStatus(
        replica.toString(),
        state,
        observedWatermark,
        lastConfirmed,
        lastError,
        failures > 0 ? Optional.of(retryAt) : Optional.empty());
  }
}
