package io.modelrefresh.retraining;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingPolicy;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.refresh.HeldMessage;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * One model's retraining: a controller that first makes the ledger say what is owed, and then makes
 * the queue have it. A trigger is never enqueued directly: what is recorded decides the window, so
 * agents that see different triggers at once agree on one, and whatever happens after the record,
 * any agent finds what is owed and enqueues it under the same name.
 *
 * <p>A message is held until its trigger is recorded or, where the ledger does not outlive the
 * process, enqueued; of each kind of reason only the newest published, which implies the others.
 *
 * <p>Thread-safe: one lock guards all state, and is never held while something is called. One cycle
 * runs at a time.
 */
final class RetrainingLane {

  private static final String SHUTTING_DOWN = "the agent is shutting down";

  /** Of several agents that write at once one succeeds, so this is ample. */
  private static final int STALE_RETRIES = 50;

  private static final Logger LOG = Logger.getLogger(RetrainingLane.class);

  private record Pending(Trigger trigger, HeldMessage message) {}

  /** What {@link #offer} did. */
  enum Offered {
    /** It is to be recorded, and held until then. */
    PLANNED,
    /** A job enqueued, owed or to be recorded implies it. */
    COVERED
  }

  private final String name;
  private final RetrainingContext context;
  private final Object lock = new Object();

  private Model model;
  private final Map<Kind, Pending> pending = new EnumMap<>(Kind.class);

  /** As last read or written. Another agent may have gone on since; what it covers stays true. */
  private LedgerState known = LedgerState.NONE;

  private boolean running;
  private boolean again;
  private boolean closed;
  private int failures;
  private Instant retryAt = Instant.MIN;
  private Optional<String> problem = Optional.empty();
  private Runnable cancelTimer = () -> {};

  /**
   * @param model with a retraining policy
   */
  RetrainingLane(Model model, RetrainingContext context) {
    this.name = model.name();
    this.model = model;
    this.context = context;
  }

  /** The model as it is configured now; with a retraining policy. */
  void update(Model current) {
    synchronized (lock) {
      model = current;
    }
  }

  /** Takes a trigger in. The caller keeps its own reference to the message throughout. */
  Offered offer(Trigger trigger, HeldMessage message) {
    Optional<HeldMessage> implied;
    synchronized (lock) {
      if (isSettled(trigger)) {
        return Offered.COVERED;
      }
      Optional<Pending> before = Optional.ofNullable(pending.get(trigger.kind()));
      if (before.filter(held -> impliesByTime(held.trigger(), trigger)).isPresent()) {
        pending.put(
            trigger.kind(),
            new Pending(before.get().trigger().and(trigger), before.get().message()));
        return Offered.COVERED;
      }
      if (!closed) {
        message.retain();
        Trigger all = before.map(held -> held.trigger().and(trigger)).orElse(trigger);
        pending.put(trigger.kind(), new Pending(all, message));
      }
      implied = closed ? Optional.empty() : before.map(Pending::message);
    }
    implied.ifPresent(HeldMessage::release);
    if (isClosed()) {
      message.nack(SHUTTING_DOWN);
    } else {
      wake();
    }
    return Offered.PLANNED;
  }

  private static boolean impliesByTime(Trigger held, Trigger other) {
    return !held.publishTime().isBefore(other.publishTime());
  }

  private boolean isSettled(Trigger trigger) {
    LedgerEntry entry = known.entry(trigger.kind());
    return entry.isCovered(trigger) || context.ledger().durable() && entry.owedCovers(trigger);
  }

  private boolean isClosed() {
    synchronized (lock) {
      return closed;
    }
  }

  /** Reads the ledger, and does what is to be done; soon, if that is being done now. */
  void wake() {
    synchronized (lock) {
      if (running) {
        again = true;
        return;
      }
      if (closed || context.clock().instant().isBefore(retryAt)) {
        return;
      }
      running = true;
      again = false;
      cancelTimer.run();
    }
    cycle().subscribe().with(done -> finished(), this::failed);
  }

  /** A timer may be a moment early, and is the only one there is. */
  private void wakeByTimer() {
    synchronized (lock) {
      retryAt = Instant.MIN;
    }
    wake();
  }

  private Uni<Void> cycle() {
    return change(this::withPending).chain(this::enqueueDue);
  }

  private LedgerState withPending(LedgerState state) {
    LedgerState changed = state;
    for (Map.Entry<Kind, Pending> held : pending.entrySet()) {
      changed =
          changed.with(
              held.getKey(),
              changed.entry(held.getKey()).with(held.getValue().trigger(), cooldown()));
    }
    return changed;
  }

  private Duration cooldown() {
    return policy(model).cooldown();
  }

  private static RetrainingPolicy policy(Model model) {
    return model
        .retraining()
        .orElseThrow(
            () -> new IllegalStateException("model " + model.name() + " is not retrained"));
  }

  /** Computes the next state under the lock. */
  private interface Step {
    LedgerState apply(LedgerState state);
  }

  /** Reads, changes and writes the ledger, again for as long as others write meanwhile. */
  private Uni<LedgerState> change(Step step) {
    return context
        .ledger()
        .read(name)
        .chain(
            read -> {
              LedgerState changed;
              synchronized (lock) {
                changed = step.apply(read);
              }
              return changed.equals(read)
                  ? Uni.createFrom().item(read)
                  : context
                      .ledger()
                      .write(name, changed)
                      .invoke(() -> tellWhatIsPutOff(read, changed));
            })
        .onFailure(StaleLedgerException.class)
        .retry()
        .atMost(STALE_RETRIES)
        .invoke(this::learn);
  }

  private void tellWhatIsPutOff(LedgerState before, LedgerState after) {
    if (context.ledger().durable()) {
      after
          .entries()
          .forEach(
              (kind, entry) ->
                  entry
                      .jobs()
                      .filter(job -> !isDue(job))
                      .filter(job -> before.entry(kind).jobs().noneMatch(job::isSameWindow))
                      .map(job -> RetrainingJob.of(name, kind, job))
                      .forEach(context.listener()::putOff));
    }
  }

  /** The ledger is known to say this: what it settles is let go. */
  private void learn(LedgerState state) {
    List<HeldMessage> settled = new ArrayList<>();
    synchronized (lock) {
      known = state;
      pending
          .values()
          .removeIf(
              held -> {
                boolean done = isSettled(held.trigger());
                if (done) {
                  settled.add(held.message());
                }
                return done;
              });
    }
    settled.forEach(HeldMessage::release);
  }

  private Uni<Void> enqueueDue(LedgerState state) {
    List<String> problems = new ArrayList<>();
    Uni<Void> all = Uni.createFrom().voidItem();
    for (Kind kind : owedKinds(state)) {
      LedgerEntry entry = state.entry(kind);
      if (isDue(entry.owed().orElseThrow())) {
        all =
            all.chain(
                () ->
                    enqueue(kind, entry)
                        .onFailure(EnqueueFailedException.class)
                        .recoverWithItem(
                            failure -> {
                              problems.add(failure.getMessage());
                              return null;
                            }));
      }
    }
    return all.invoke(
        () -> {
          if (!problems.isEmpty()) {
            throw new NotEnqueued(String.join("; ", problems));
          }
        });
  }

  private static Set<Kind> owedKinds(LedgerState state) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    state.entries().forEach((kind, entry) -> entry.owed().ifPresent(owed -> kinds.add(kind)));
    return kinds;
  }

  /** What does not outlive this process is enqueued ahead: its not-before goes with it. */
  private boolean isDue(Owed owed) {
    return !context.ledger().durable() || !owed.notBefore().isAfter(context.clock().instant());
  }

  /**
   * @param entry as it was read before; it owes a job
   */
  private Uni<Void> enqueue(Kind kind, LedgerEntry entry) {
    Model current;
    synchronized (lock) {
      current = model;
    }
    RetrainingJob job = RetrainingJob.of(name, kind, entry.owed().orElseThrow());
    String queueName = policy(current).queue().queue();
    return Uni.createFrom()
        .deferred(
            () ->
                context
                    .queues()
                    .apply(current)
                    .enqueue(job)
                    .invoke(done -> context.listener().enqueued(job, queueName, done.outcome())))
        .onFailure(failure -> !(failure instanceof EnqueueFailedException))
        .transform(
            failure ->
                new EnqueueFailedException(
                    EnqueueFailedException.Kind.UNAVAILABLE, job.name() + ": " + failure))
        .onFailure()
        .invoke(failure -> context.listener().failed(job, queueName, failure.getMessage()))
        .chain(done -> change(state -> state.with(kind, state.entry(kind).enqueued(entry, done))))
        .replaceWithVoid();
  }

  private void finished() {
    synchronized (lock) {
      running = false;
      failures = 0;
      retryAt = Instant.MIN;
      problem = Optional.empty();
    }
    ended();
  }

  private void failed(Throwable failure) {
    boolean first;
    synchronized (lock) {
      running = false;
      failures++;
      retryAt = context.clock().instant().plus(context.backoff().after(failures));
      Optional<String> now =
          Optional.of(failure.getMessage() == null ? failure.toString() : failure.getMessage());
      first = !problem.equals(now);
      problem = now;
    }
    LOG.logf(
        first ? Logger.Level.WARN : Logger.Level.DEBUG,
        "Model %s: retraining is not enqueued or recorded yet, will retry: %s",
        name,
        failure.getMessage());
    ended();
  }

  private void ended() {
    List<HeldMessage> givenBack = new ArrayList<>();
    boolean more;
    synchronized (lock) {
      if (closed) {
        pending.values().forEach(held -> givenBack.add(held.message()));
        pending.clear();
      }
      more = again || !pending.isEmpty();
      if (!closed && !running) {
        schedule();
      }
    }
    givenBack.forEach(message -> message.nack(SHUTTING_DOWN));
    if (more) {
      wake();
    }
  }

  /** Wakes at the retry, or when the next job is due. Under the lock. */
  private void schedule() {
    Optional<Instant> next =
        failures > 0
            ? Optional.of(retryAt)
            : known.entries().values().stream()
                .flatMap(entry -> entry.owed().stream())
                .map(Owed::notBefore)
                .min(Comparator.naturalOrder());
    cancelTimer.run();
    cancelTimer =
        next.map(
                at -> {
                  Duration delay = Duration.between(context.clock().instant(), at);
                  return context
                      .timer()
                      .after(delay.isNegative() ? Duration.ZERO : delay, this::wakeByTimer);
                })
            .orElse(() -> {});
  }

  /** Takes nothing more in; what is being recorded is let finish, the rest is given back. */
  void close() {
    boolean idle;
    synchronized (lock) {
      closed = true;
      again = false;
      idle = !running;
      cancelTimer.run();
    }
    if (idle) {
      ended();
    }
  }

  /** The model is no longer retrained: what is held for it is let go. */
  void retire() {
    List<HeldMessage> ignored = new ArrayList<>();
    synchronized (lock) {
      pending.values().forEach(held -> ignored.add(held.message()));
      pending.clear();
    }
    ignored.forEach(HeldMessage::release);
    close();
  }

  List<RetrainingStatus> status() {
    synchronized (lock) {
      Set<Kind> kinds = EnumSet.noneOf(Kind.class);
      kinds.addAll(known.entries().keySet());
      kinds.addAll(pending.keySet());
      return kinds.stream().map(this::status).toList();
    }
  }

  private RetrainingStatus status(Kind kind) {
    LedgerEntry entry = known.entry(kind);
    return new RetrainingStatus(
        kind,
        entry
            .owed()
            .map(Owed::cause)
            .or(() -> Optional.ofNullable(pending.get(kind)).map(held -> held.trigger().cause()))
            .map(Cause::detail),
        entry.window(),
        entry.covered(),
        entry.owed().map(owed -> JobName.of(name, kind, owed.window())),
        entry.owed().map(Owed::notBefore),
        entry.owed().isPresent() || pending.containsKey(kind) ? problem : Optional.empty());
  }

  /** What stands in the way, if anything does. */
  Optional<String> problem() {
    synchronized (lock) {
      return problem;
    }
  }

  /** Some job that is due is not in its queue. */
  private static final class NotEnqueued extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotEnqueued(String message) {
      super(message, null, false, false);
    }
  }
}
