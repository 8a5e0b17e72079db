package io.modelrefresh.retraining;

import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A queue that deduplicates by name, and can be down, slow, or lose its answer. */
final class ScriptedQueue implements RetrainingQueue {

  private final Map<String, RetrainingJob> jobs = new LinkedHashMap<>();
  private int attempts;
  private boolean down;
  private boolean answersAreLost;
  private boolean gated;
  private final List<Runnable> gatedCalls = new ArrayList<>();
  private Runnable onCreate = () -> {};
  private Optional<Clock> clock = Optional.empty();

  /** Tells when each job came to be, by this clock. */
  synchronized void stampedBy(Clock itsOwn) {
    clock = Optional.of(itsOwn);
  }

  synchronized void down(boolean isDown) {
    down = isDown;
  }

  /** Jobs are created, and the agent never hears of it. */
  synchronized void loseAnswers(boolean lost) {
    answersAreLost = lost;
  }

  synchronized void gate() {
    gated = true;
  }

  void open() {
    List<Runnable> calls;
    synchronized (this) {
      gated = false;
      calls = List.copyOf(gatedCalls);
      gatedCalls.clear();
    }
    calls.forEach(Runnable::run);
  }

  synchronized void onCreate(Runnable listener) {
    onCreate = listener;
  }

  synchronized List<RetrainingJob> jobs() {
    return List.copyOf(jobs.values());
  }

  synchronized int attempts() {
    return attempts;
  }

  @Override
  public Uni<Enqueued> enqueue(RetrainingJob job) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              Runnable call =
                  () -> {
                    try {
                      take(job).ifPresent(emitter::complete);
                    } catch (EnqueueFailedException e) {
                      emitter.fail(e);
                    }
                  };
              synchronized (this) {
                if (gated) {
                  gatedCalls.add(call);
                  return;
                }
              }
              call.run();
            });
  }

  private Optional<Enqueued> take(RetrainingJob job) {
    Runnable created = () -> {};
    Enqueued done;
    synchronized (this) {
      attempts++;
      if (down) {
        throw new EnqueueFailedException(Kind.UNAVAILABLE, "the queue is down");
      }
      done = jobs.putIfAbsent(job.name(), job) == null ? Enqueued.created() : Enqueued.duplicate();
      if (done.outcome() == Outcome.CREATED) {
        created = onCreate;
      }
      if (answersAreLost) {
        return Optional.empty();
      }
    }
    created.run();
    return Optional.of(done.since(clock.map(Clock::instant)));
  }
}
