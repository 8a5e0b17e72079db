package io.modelrefresh.agent;

import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.retraining.RetrainingStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A model as {@code GET /v1/models} shows it. Times are RFC 3339, durations ISO 8601. */
public record ModelView(
    String model,
    String state,
    Optional<Instant> desiredWatermark,
    List<Replica> replicas,
    List<String> pending,
    Optional<Instant> pendingSince,
    int heldMessages,
    int consecutiveFailures,
    boolean failing,
    Optional<Instant> lastSuccess,
    Optional<Duration> objective,
    List<RetrainingReasonView> retraining) {

  /**
   * What is known of retraining for one kind of reason, and the job that is owed, if any; the
   * detail is why or, with none owed, why the last one was enqueued.
   */
  public record RetrainingReasonView(
      String reason,
      Optional<String> detail,
      Optional<Instant> lastWindow,
      Optional<Instant> covered,
      Optional<String> owedJob,
      Optional<Instant> notBefore,
      Optional<String> problem) {}

  /** One replica of it. */
  public record Replica(
      String address,
      String state,
      Optional<Instant> observedWatermark,
      Optional<Instant> lastConfirmed,
      Optional<String> lastError,
      Optional<Instant> nextAttempt) {}

  static ModelView of(LaneStatus status, List<RetrainingStatus> retraining) {
    return new ModelView(
        status.model(),
        name(status.phase()),
        status.desiredWatermark(),
        status.replicas().stream().map(ModelView::of).toList(),
        status.pending(),
        status.pendingSince(),
        status.heldMessages(),
        status.consecutiveFailures(),
        status.failing(),
        status.lastSuccess(),
        status.objective(),
        retraining.stream().map(ModelView::of).toList());
  }

  /** The same with at most so many reasons, and how many there are besides. */
  public ModelView withPendingUpTo(int most) {
    if (pending.size() <= most) {
      return this;
    }
    List<String> first = new ArrayList<>(pending.subList(0, most));
    first.add("and for " + (pending.size() - most) + " more reasons");
    return new ModelView(
        model,
        state,
        desiredWatermark,
        replicas,
        first,
        pendingSince,
        heldMessages,
        consecutiveFailures,
        failing,
        lastSuccess,
        objective,
        retraining);
  }

  private static Replica of(LaneStatus.ReplicaStatus replica) {
    return new Replica(
        replica.address(),
        name(replica.state()),
        replica.observedWatermark(),
        replica.lastConfirmed(),
        replica.lastError(),
        replica.nextAttempt());
  }

  private static RetrainingReasonView of(RetrainingStatus status) {
    return new RetrainingReasonView(
        status.kind().text(),
        status.detail(),
        status.lastWindow(),
        status.covered(),
        status.owedJob(),
        status.notBefore(),
        status.problem());
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
