package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.refresh.RefreshListener.Outcome;
import io.modelrefresh.refresh.RefreshListener.RolloutReport;
import io.modelrefresh.serving.LoadOutcome;
import io.modelrefresh.serving.LoadRequest;
import io.modelrefresh.serving.ObservedWatermark;
import io.modelrefresh.serving.Replica;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Makes one model's replicas cover what arrived for it: a controller, level-triggered. An arrival
 * raises what is desired; rollouts raise what is observed; whatever is observed on every replica is
 * settled. At most one rollout runs, and what arrives meanwhile is owed to the next.
 *
 * <p>Thread-safe: one lock guards all state. A step decides under the lock and collects its effects
 * (loads, settlements, timers, reports), which run after the lock is released.
 */
final class Lane {

  /** How far the clocks that stamp publish times may disagree. */
  private static final Duration PUBLISH_SKEW = Duration.ofSeconds(1);

  /** How far ahead of this machine's clock a publish time may be. */
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(1);

  private static final String SHUTTING_DOWN = "the agent is shutting down";

  private static final Logger LOG = Logger.getLogger(Lane.class);

  private final LaneContext context;

  private final Object lock = new Object();

  // What is served, and what is to be served once the rollout under way has come to its end.
  private Served served;
  private Optional<Change> change = Optional.empty();
  private Runnable stopFollowing = () -> {};

  // What is desired.
  private Optional<Instant> desiredWatermark = Optional.empty();
  private long desiredSequence;
  private final Anchors anchors = new Anchors();
  private final PendingUpdates updates;
  private final Waiting waiting;
  private Optional<Instant> owedSince = Optional.empty();

  // What is observed.
  private final Observed observed = new Observed();

  /** Every arrival up to this sequence is covered by every replica. */
  private long coveredSequence;

  /** The least of the replicas' observed watermarks; empty when one of them is not known. */
  private Optional<Instant> coveredWatermark = Optional.empty();

  // What is being done.
  private Optional<Rollout> running = Optional.empty();
  private long rollouts;
  private boolean resyncDue;
  private boolean askAll;
  private OptionalLong unlessCovered = OptionalLong.empty();
  private boolean paused;
  private boolean closed;
  private boolean removed;
  private Optional<Lane> former = Optional.empty();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private Instant timerAt = Instant.MAX;
  private Runnable cancelTimer = () -> {};

  private final Attempts attempts = new Attempts();

  Lane(Served served, LaneContext context) {
    this.served = served;
    this.context = context;
    updates = new PendingUpdates(context.room());
    waiting = new Waiting(context.jitter());
    paused = served.model().paused();
  }

  /** Takes an arrival in. The caller keeps its own reference to the message throughout. */
  Disposition offer(Arrival arrival) {
    return step(
        effects -> {
          if (removed) {
            return Disposition.NO_SUCH_MODEL;
          }
          if (isCovered(arrival)) {
            return Disposition.SUPERSEDED;
          }
          if (closed) {
            effects.add(() -> arrival.message().nack(SHUTTING_DOWN));
            return Disposition.PLANNED;
          }
          Instant now = now();
          anchors.hold(arrival, effects);
          updates.add(arrival.sequence(), arrival.update());
          waiting.add(Oldest.NONE.with(arrival.publishTime(), arrival.update().eventTimestamp()));
          if (desiredWatermark.isEmpty() || arrival.publishTime().isAfter(desiredWatermark.get())) {
            desiredWatermark = Optional.of(arrival.publishTime());
          }
          if (!waiting.isEmpty()) {
            effects.add(() -> context.listener().coalesced(model().name()));
          }
          want(arrival.sequence(), now);
          reconcile(now, effects);
          return Disposition.PLANNED;
        });
  }

  /** Makes the model owe one refresh that no message asked for. */
  void owe(long sequence) {
    step(effects -> owe(sequence, effects));
  }

  /**
   * As {@link #owe}, after asking the replicas what they cover: no load is to mark a replica with
   * less than it had, which would look like drift to another agent.
   */
  void oweOnStart(long sequence) {
    step(
        effects -> {
          askAll = true;
          return owe(sequence, effects);
        });
  }

  /** As {@link #owe}, except on replicas that can tell what they cover, and cover the same. */
  void oweUnlessCovered(long sequence) {
    step(
        effects -> {
          askAll = true;
          unlessCovered = OptionalLong.of(sequence);
          resyncDue = true;
          return owe(sequence, effects);
        });
  }

  /**
   * Starts no rollout before this one has ended: the lane that the model had until it was removed,
   * which may be loading still. Arrivals are taken in meanwhile.
   */
  void startAfter(Lane before) {
    step(
        effects -> {
          former = Optional.of(before);
          return null;
        });
    before
        .ended()
        .thenRun(
            () ->
                step(
                    effects -> {
                      former = Optional.empty();
                      reconcile(now(), effects);
                      endIfDone(effects);
                      return null;
                    }));
  }

  /** Completes once it is closed or removed, and nothing it has begun is under way. */
  CompletionStage<Void> ended() {
    return ended;
  }

  /** Hears at once of replicas that come and go, where discovery can tell. */
  void follow() {
    step(
        effects -> {
          stopFollowing.run();
          stopFollowing = served.discovery().onChange(this::onReplicasChanged);
          return null;
        });
  }

  /** Starts no rollout until resumed; what arrives is owed, and its guarantee held, meanwhile. */
  void pause() {
    step(
        effects -> {
          paused = true;
          return null;
        });
  }

  /** Goes on, and owes one refresh: what happened to the replicas meanwhile is not known. */
  void resume(long sequence) {
    step(
        effects -> {
          paused = false;
          return owe(sequence, effects);
        });
  }

  /**
   * Goes on with a model that the catalog has changed. A load in flight finishes first. Owes one
   * refresh, unless the change is only to when and how carefully replicas are loaded.
   */
  void change(Served next, long sequence) {
    step(
        effects -> {
          change.ifPresent(superseded -> superseded.next.closeUnless(next, effects));
          change = Optional.of(new Change(next, sequence));
          running.ifPresent(Rollout::abandon);
          return running.isPresent() ? null : adopt(effects);
        });
  }

  /** The catalog has the model no longer: whatever is owed to it is settled as ignored. */
  void remove() {
    step(
        effects -> {
          removed = true;
          closed = true;
          cancelTimer.run();
          stopFollowing.run();
          anchors.releaseUpTo(Long.MAX_VALUE, effects);
          updates.dropUpTo(Long.MAX_VALUE);
          change.ifPresent(superseded -> superseded.next.closeUnless(served, effects));
          running.ifPresent(Rollout::abandon);
          if (running.isEmpty()) {
            effects.add(served.discovery()::close);
          }
          endIfDone(effects);
          return null;
        });
  }

  /**
   * Reads the replicas again, even when nothing is owed, and loads those that appeared.
   *
   * @return false once the lane is closed, and this in vain
   */
  boolean resync() {
    return step(
        effects -> {
          resyncDue = true;
          reconcile(now(), effects);
          return !closed;
        });
  }

  /**
   * Reads the replicas again. Of those that are gone nothing is known any more, though they may be
   * back by the time they are read. One that is loading is told apart by how its load ends: many
   * are not ready while they load, and would be loaded for ever.
   */
  private void onReplicasChanged(Set<Replica> gone) {
    step(
        effects -> {
          observed.forget(gone);
          running.ifPresent(
              rollout -> rollout.queue.removeIf(replica -> gone.contains(replica.replica)));
          resyncDue = true;
          reconcile(now(), effects);
          return null;
        });
  }

  /**
   * Starts no further rollout. One under way may finish and settle what it covers; everything else
   * held is given back for redelivery.
   */
  void close() {
    step(
        effects -> {
          closed = true;
          if (running.isEmpty()) {
            anchors.giveBack(SHUTTING_DOWN, effects);
          }
          endIfDone(effects);
          return null;
        });
  }

  LaneStatus status() {
    synchronized (lock) {
      Instant now = now();
      return new LaneStatus(
          model().name(),
          phase(now),
          desiredWatermark,
          observed.statuses(desiredSequence),
          pending(now),
          pendingSince(),
          anchors.count(),
          attempts.failures(),
          attempts.failures() >= model().refresh().maxAttempts(),
          attempts.lastSuccess(),
          model().refresh().objective());
    }
  }

  // ---- Steps, under the lock ----

  private Model model() {
    return served.model();
  }

  private <T> T owe(long sequence, List<Runnable> effects) {
    Instant now = now();
    want(sequence, now);
    reconcile(now, effects);
    return null;
  }

  private Void adopt(List<Runnable> effects) {
    Served before = served;
    Change adopted = change.orElseThrow();
    change = Optional.empty();
    served = adopted.next;
    before.closeUnless(served, effects);
    if (!served.isAt(before)) {
      observed.forgetAll();
      coveredWatermark = Optional.empty();
      attempts.tryAtOnce();
      stopFollowing.run();
      stopFollowing = served.discovery().onChange(this::onReplicasChanged);
    }
    boolean resumed = before.model().paused() && !model().paused();
    if (before.model().paused() != model().paused()) {
      paused = model().paused();
    }
    if (resumed || !served.loads(before)) {
      return owe(adopted.sequence, effects);
    }
    reconcile(now(), effects);
    return null;
  }

  private boolean isCovered(Arrival arrival) {
    return arrival.sequence() <= coveredSequence
        || coveredWatermark.isPresent()
            && arrival.publishTime().plus(PUBLISH_SKEW).isBefore(coveredWatermark.get());
  }

  private void want(long sequence, Instant now) {
    desiredSequence = Math.max(desiredSequence, sequence);
    waiting.add(now);
    if (owedSince.isEmpty()) {
      owedSince = Optional.of(now);
    }
  }

  /** Starts a rollout if one is due, or sees to it that this is asked again when one will be. */
  private void reconcile(Instant now, List<Runnable> effects) {
    if (closed || paused || running.isPresent() || former.isPresent()) {
      return;
    }
    Instant due = nextRollout();
    if (!due.isAfter(now)) {
      start(now, effects);
    } else if (due.isBefore(timerAt)) {
      cancelTimer.run();
      timerAt = due;
      cancelTimer = context.timer().after(Duration.between(now, due), () -> onTimer(due));
    }
  }

  private void onTimer(Instant due) {
    step(
        effects -> {
          if (due.equals(timerAt)) {
            timerAt = Instant.MAX;
            reconcile(now(), effects);
          }
          return null;
        });
  }

  /** When the next rollout is due; {@link Instant#MAX} when nothing is owed. */
  private Instant nextRollout() {
    Instant due = Instant.MAX;
    if (resyncDue) {
      due = Instant.MIN;
    } else if (!waiting.isEmpty()) {
      due = waiting.due(model().refresh());
    } else if (isOwed()) {
      due =
          stale()
              .map(replica -> replica.retryAt)
              .min(Comparator.naturalOrder())
              .orElse(Instant.MIN);
    }
    return due.isBefore(attempts.retryAt()) ? attempts.retryAt() : due;
  }

  private boolean isOwed() {
    return coveredSequence < desiredSequence || stale().findAny().isPresent();
  }

  private Stream<ReplicaState> stale() {
    return observed.stale(desiredSequence);
  }

  private void start(Instant now, List<Runnable> effects) {
    rollouts++;
    Rollout rollout =
        new Rollout(
            context.process() + "-" + rollouts, served, now, desiredSequence, waiting.take());
    running = Optional.of(rollout);
    boolean verify = resyncDue || askAll;
    OnReplicas then = verify ? this::onReplicasToVerify : this::onReplicasAtStart;
    resyncDue = false;
    readReplicas(rollout, then, effects);
  }

  private void readReplicas(Rollout rollout, OnReplicas then, List<Runnable> effects) {
    effects.add(
        () ->
            rollout.served.read(
                found -> step(next -> then.accept(rollout, found, next)),
                failure -> step(next -> onReplicasUnknown(rollout, failure, next))));
  }

  @FunctionalInterface
  private interface OnReplicas {
    Void accept(Rollout rollout, Set<Replica> found, List<Runnable> effects);
  }

  private Void onReplicasUnknown(Rollout rollout, Throwable failure, List<Runnable> effects) {
    rollout.stopped = Optional.of("the replicas are not known: " + failure.getMessage());
    finish(rollout, effects);
    return null;
  }

  /** Before anything is loaded, asks the replicas that may be fresh what they cover. */
  private Void onReplicasToVerify(Rollout rollout, Set<Replica> found, List<Runnable> effects) {
    List<Replica> asked =
        found.stream()
            .filter(replica -> askAll || observed.watermark(replica).isPresent())
            .toList();
    effects.add(
        () ->
            rollout.served.ask(
                asked, said -> step(next -> onVerified(rollout, found, said, next))));
    return null;
  }

  private Void onVerified(
      Rollout rollout,
      Set<Replica> found,
      Map<Replica, ObservedWatermark> said,
      List<Runnable> effects) {
    Instant believable = now().plus(CLOCK_SKEW);
    keepOnly(found);
    said.forEach((replica, mark) -> observed.correct(replica, mark, unlessCovered, believable));
    askAll = false;
    unlessCovered = OptionalLong.empty();
    desiredWatermark = greatest(desiredWatermark, observed.greatestWatermark());
    desiredWatermark.ifPresent(observed::forgetBelow);
    return onReplicasAtStart(rollout, found, effects);
  }

  private static Optional<Instant> greatest(Optional<Instant> one, Optional<Instant> other) {
    return Stream.of(one, other).flatMap(Optional::stream).max(Comparator.naturalOrder());
  }

  private Void onReplicasAtStart(Rollout rollout, Set<Replica> found, List<Runnable> effects) {
    Instant now = now();
    keepOnly(found);
    rollout.parallel = model().refresh().maxUnavailable().of(found.size());
    // One that covers all of it has been the canary: an error answer of another is its own, and
    // must not keep it from what arrives next.
    rollout.canaryConfirmed = observed.all().anyMatch(r -> r.observedSequence >= desiredSequence);
    // The healthy first: one that fails again may take its whole timeout.
    stale()
        .filter(replica -> !replica.retryAt.isAfter(now))
        .sorted(Comparator.comparingInt(replica -> replica.failures))
        .forEach(rollout.queue::add);
    pump(rollout, effects);
    return null;
  }

  private Void onReplicasAtEnd(Rollout rollout, Set<Replica> found, List<Runnable> effects) {
    keepOnly(found);
    rollout.parallel = model().refresh().maxUnavailable().of(found.size());
    stale()
        .filter(replica -> replica.observedSequence == 0)
        .filter(replica -> !rollout.attempted.contains(replica.replica))
        .filter(replica -> replica.failures == 0)
        .forEach(rollout.queue::add);
    if (rollout.queue.isEmpty()) {
      finish(rollout, effects);
    } else {
      pump(rollout, effects);
    }
    return null;
  }

  private void keepOnly(Set<Replica> found) {
    observed.keepOnly(found, now().minus(model().server().timeout()));
    if (owedSince.isEmpty() && isOwed()) {
      owedSince = Optional.of(now());
    }
  }

  /** Sends as many loads as may run at once; when none is left, reads the replicas again. */
  private void pump(Rollout rollout, List<Runnable> effects) {
    while (rollout.stopped.isEmpty()
        && rollout.inFlight < rollout.parallel
        && !rollout.queue.isEmpty()) {
      load(rollout, rollout.queue.removeFirst(), effects);
    }
    if (rollout.inFlight == 0) {
      if (rollout.stopped.isPresent()) {
        finish(rollout, effects);
      } else {
        readReplicas(rollout, this::onReplicasAtEnd, effects);
      }
    }
  }

  private void load(Rollout rollout, ReplicaState replica, List<Runnable> effects) {
    long sequence = desiredSequence;
    Optional<Instant> watermark = desiredWatermark;
    LoadRequest request =
        new LoadRequest(
            rollout.id,
            watermark,
            updates.after(replica.observedSequence),
            updates.completeAfter(replica.observedSequence));
    rollout.inFlight++;
    rollout.attempted.add(replica.replica);
    replica.loadingSince = Optional.of(now());
    effects.add(
        () ->
            rollout.served.load(
                replica.replica,
                request,
                outcome ->
                    step(next -> onLoaded(rollout, replica, outcome, sequence, watermark, next))));
  }

  private Void onLoaded(
      Rollout rollout,
      ReplicaState replica,
      LoadOutcome outcome,
      long sequence,
      Optional<Instant> watermark,
      List<Runnable> effects) {
    Instant now = now();
    rollout.inFlight--;
    replica.loadingSince = Optional.empty();
    if (outcome instanceof LoadOutcome.Failed failed) {
      replica.failed(failed.reason(), now, context.backoff());
      String reason = replica.replica + ": " + failed.reason();
      rollout.failure = Optional.of(reason);
      if (failed.kind() == LoadOutcome.Kind.REFUSED && !rollout.canaryConfirmed) {
        rollout.stopped = Optional.of(reason);
      }
    } else {
      replica.confirmed(sequence, watermark, now);
      rollout.canaryConfirmed = true;
    }
    pump(rollout, effects);
    return null;
  }

  private void finish(Rollout rollout, List<Runnable> effects) {
    running = Optional.empty();
    conclude(rollout, effects);
    endIfDone(effects);
  }

  private void endIfDone(List<Runnable> effects) {
    if (closed && running.isEmpty() && former.isEmpty()) {
      effects.add(() -> ended.complete(null));
    }
  }

  private void conclude(Rollout rollout, List<Runnable> effects) {
    Instant now = now();
    if (rollout.abandoned) {
      waiting.add(rollout.oldest);
      if (removed) {
        effects.add(served.discovery()::close);
      } else if (closed) {
        anchors.giveBack(SHUTTING_DOWN, effects);
      } else {
        adopt(effects);
      }
      return;
    }
    boolean readAtEnd = rollout.stopped.isEmpty();
    if (readAtEnd) {
      settleUpTo(observed.leastSequence().orElse(desiredSequence), effects);
      coveredWatermark = observed.leastWatermark();
    }
    if (readAtEnd && observed.stale(rollout.target).findAny().isEmpty()) {
      succeed(rollout, now, effects);
    } else {
      fail(rollout, now, effects);
    }
    if (closed) {
      anchors.giveBack(SHUTTING_DOWN, effects);
    } else {
      reconcile(now, effects);
    }
  }

  private void succeed(Rollout rollout, Instant now, List<Runnable> effects) {
    int failuresBefore = attempts.failures();
    attempts.succeeded();
    Oldest confirmed = rollout.oldest;
    if (!isOwed()) {
      confirmed = confirmed.with(waiting.take());
      owedSince = Optional.empty();
    } else {
      owedSince = waiting.since();
    }
    if (rollout.attempted.isEmpty() && rollout.oldest.publishTime().isEmpty()) {
      return; // A resync that found nothing to do.
    }
    Outcome outcome = Outcome.SUCCESS;
    if (observed.isEmpty()) {
      outcome = Outcome.NO_REPLICAS;
    } else {
      attempts.refreshed(now);
    }
    report(rollout, outcome, now, confirmed, failuresBefore, "", effects);
  }

  /** Without a reason nothing was tried: every stale replica waits for its next attempt. */
  private void fail(Rollout rollout, Instant now, List<Runnable> effects) {
    waiting.add(rollout.oldest);
    Optional<String> reason = rollout.stopped.or(() -> rollout.failure);
    if (reason.isPresent()) {
      attempts.failed(reason.get());
      report(
          rollout, Outcome.FAILURE, now, Oldest.NONE, attempts.failures(), reason.get(), effects);
    }
    if (rollout.stopped.isPresent()) {
      attempts.backOff(now, context.backoff());
    }
  }

  private void report(
      Rollout rollout,
      Outcome outcome,
      Instant now,
      Oldest confirmed,
      int failures,
      String detail,
      List<Runnable> effects) {
    RolloutReport report =
        new RolloutReport(
            model().name(),
            outcome,
            Duration.between(rollout.startedAt, now),
            now,
            confirmed.publishTime(),
            confirmed.eventTime(),
            failures,
            detail);
    effects.add(() -> context.listener().rolledOut(report));
  }

  private void settleUpTo(long sequence, List<Runnable> effects) {
    coveredSequence = Math.max(coveredSequence, sequence);
    updates.dropUpTo(coveredSequence);
    anchors.releaseUpTo(coveredSequence, effects);
  }

  // ---- What is pending, and why ----

  private LaneStatus.Phase phase(Instant now) {
    if (running.isPresent()) {
      return LaneStatus.Phase.ROLLING_OUT;
    }
    if (paused) {
      return LaneStatus.Phase.PAUSED;
    }
    if (!isOwed()) {
      return LaneStatus.Phase.IDLE;
    }
    return !waiting.isEmpty() && attempts.mayTry(now)
        ? LaneStatus.Phase.WAITING
        : LaneStatus.Phase.BACKING_OFF;
  }

  private Optional<Instant> pendingSince() {
    if (!isOwed()) {
      return Optional.empty();
    }
    Oldest oldest =
        running.map(rollout -> waiting.oldest().with(rollout.oldest)).orElseGet(waiting::oldest);
    return oldest.publishTime().or(() -> owedSince);
  }

  private List<String> pending(Instant now) {
    if (!isOwed()) {
      return List.of();
    }
    List<String> reasons = new ArrayList<>();
    anchors.views().forEach(view -> reasons.add("owes a refresh for " + view));
    if (anchors.count() == 0) {
      reasons.add("owes one unconditional refresh");
    }
    int owed = reasons.size();
    observed
        .all()
        .filter(replica -> replica.loadingSince.isPresent())
        .forEach(
            replica ->
                reasons.add(replica.replica + " is loading since " + replica.loadingSince.get()));
    if (paused) {
      reasons.add("is paused: POST /v1/models/" + model().name() + "/resume");
    } else if (former.isPresent()) {
      reasons.add("a load begun before the model was taken out of the catalog is under way");
    } else if (running.isEmpty() && !waiting.isEmpty() && attempts.mayTry(now)) {
      reasons.add("waits for a quiet moment until " + nextRollout());
    }
    if (!attempts.mayTry(now)) {
      reasons.add("next attempt at " + attempts.retryAt() + " after " + attempts.lastFailure());
    }
    observed
        .all()
        .filter(replica -> replica.retryAt.isAfter(now))
        .forEach(
            replica ->
                reasons.add(
                    replica.replica
                        + ": next attempt at "
                        + replica.retryAt
                        + " after "
                        + replica.lastError.orElse("a failure")));
    if (!observed.isRead()) {
      reasons.add("the replicas have not been read yet");
    }
    if (reasons.size() == owed) {
      reasons.add(
          running
              .map(
                  rollout -> "is rolling out since " + rollout.startedAt + ", reading its replicas")
              .orElse("is about to roll out"));
    }
    return reasons;
  }

  /**
   * What the catalog has changed, not yet taken over.
   *
   * @param sequence of the refresh owed for it
   */
  private record Change(Served next, long sequence) {}

  // ---- Lock and effects ----

  private Instant now() {
    return context.clock().instant();
  }

  private <T> T step(Function<List<Runnable>, T> decision) {
    List<Runnable> effects = new ArrayList<>(2);
    T result;
    synchronized (lock) {
      result = decision.apply(effects);
    }
    for (Runnable effect : effects) {
      try {
        effect.run();
      } catch (RuntimeException e) {
        LOG.errorf(e, "Lane of model %s: an effect failed", model().name());
      }
    }
    return result;
  }
}
