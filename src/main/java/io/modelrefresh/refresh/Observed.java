package io.modelrefresh.refresh;

import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.Replica;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/** The replicas of a model, as last read, and what each covers. Guarded by the lane's lock. */
final class Observed {

  private final Map<Replica, ReplicaState> replicas = new LinkedHashMap<>();

  /** Loaded a moment ago, and not among them. */
  private final Map<Replica, ReplicaState> awaited = new HashMap<>();

  private boolean read;

  /**
   * Forgets replicas that are gone; those that appeared have loaded nothing yet. Gone is also one
   * that was not ready while it loaded until who watches it has seen that it is again, mostly some
   * seconds later: were it forgotten, it would be loaded when it is back, and so for ever.
   *
   * @param awaitedSince one whose load was confirmed after this is expected back
   */
  void keepOnly(Set<Replica> found, Instant awaitedSince) {
    replicas.forEach(
        (replica, state) -> {
          if (!found.contains(replica)) {
            awaited.put(replica, state);
          }
        });
    awaited
        .values()
        .removeIf(state -> state.lastConfirmed.filter(awaitedSince::isBefore).isEmpty());
    replicas.keySet().retainAll(found);
    found.forEach(replica -> replicas.computeIfAbsent(replica, this::appeared));
    read = true;
  }

  private ReplicaState appeared(Replica replica) {
    return Optional.ofNullable(awaited.remove(replica)).orElseGet(() -> new ReplicaState(replica));
  }

  /** They are gone, and whatever is found at their addresses later has loaded nothing yet. */
  void forget(Set<Replica> gone) {
    replicas
        .values()
        .removeIf(state -> gone.contains(state.replica) && state.loadingSince.isEmpty());
  }

  /** The model is served elsewhere. */
  void forgetAll() {
    replicas.clear();
    awaited.clear();
    read = false;
  }

  /** Whether the replicas were ever read. */
  boolean isRead() {
    return read;
  }

  boolean isEmpty() {
    return replicas.isEmpty();
  }

  Stream<ReplicaState> all() {
    return replicas.values().stream();
  }

  /** The replicas that do not cover every arrival up to this sequence. */
  Stream<ReplicaState> stale(long sequence) {
    return all().filter(replica -> replica.observedSequence < sequence);
  }

  /** What a replica's last confirmed load covers, as far as this lane knows. */
  Optional<Instant> watermark(Replica replica) {
    return Optional.ofNullable(replicas.get(replica)).flatMap(state -> state.observedWatermark);
  }

  /** The greatest of the observed watermarks. */
  Optional<Instant> greatestWatermark() {
    return all()
        .flatMap(replica -> replica.observedWatermark.stream())
        .max(Comparator.naturalOrder());
  }

  /**
   * Takes the replica's own word for what it covers: less than believed, and it has to load again;
   * more, and somebody else made it load since.
   *
   * @param unknownCovers if given, every arrival up to this is covered by a replica that can tell
   *     what it covers, and of which nothing was known
   * @param believable a watermark after this is not one
   */
  void correct(
      Replica replica, ObservedWatermark said, OptionalLong unknownCovers, Instant believable) {
    ReplicaState state = replicas.get(replica);
    if (state == null) {
      return;
    }
    if (state.observedWatermark.isEmpty()) {
      if (state.observedSequence == 0
          && said instanceof ObservedWatermark.Known known
          && !known.watermark().isAfter(believable)) {
        state.observedWatermark = Optional.of(known.watermark());
        unknownCovers.ifPresent(sequence -> state.observedSequence = sequence);
      }
      return;
    }
    if (said instanceof ObservedWatermark.Nothing) {
      state.lost(Optional.empty());
    } else if (said instanceof ObservedWatermark.Known known
        && !known.watermark().isAfter(believable)) {
      if (known.watermark().isBefore(state.observedWatermark.get())) {
        state.lost(Optional.of(known.watermark()));
      } else {
        state.observedWatermark = Optional.of(known.watermark());
      }
    }
  }

  /** Has every replica that covers less than this load again. */
  void forgetBelow(Instant watermark) {
    all()
        .filter(replica -> replica.observedWatermark.filter(watermark::isAfter).isPresent())
        .forEach(replica -> replica.observedSequence = 0);
  }

  /** Every arrival up to this is covered by every replica; empty when there is no replica. */
  OptionalLong leastSequence() {
    return all().mapToLong(replica -> replica.observedSequence).min();
  }

  /** The least of the observed watermarks; empty when one is not known, or there is no replica. */
  Optional<Instant> leastWatermark() {
    return all().allMatch(replica -> replica.observedWatermark.isPresent())
        ? all()
            .flatMap(replica -> replica.observedWatermark.stream())
            .min(Comparator.naturalOrder())
        : Optional.empty();
  }

  List<LaneStatus.ReplicaStatus> statuses(long desiredSequence) {
    return all()
        .map(replica -> replica.status(desiredSequence))
        .sorted(Comparator.comparing(LaneStatus.ReplicaStatus::address))
        .toList();
  }
}
