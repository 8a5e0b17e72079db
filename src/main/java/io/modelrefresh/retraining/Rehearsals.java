package io.modelrefresh.retraining;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Asks the servers of queues whether they would take a sample job. One that does not say, or does
 * not let the agent ask, is asked again from time to time, so that what is missing is known before
 * the first job and until it is mended. Thread-safe.
 */
final class Rehearsals implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Rehearsals.class);

  /** What is not known of a model's queue. */
  private record Doubt(Model model, String problem) {}

  private final Function<Model, RetrainingQueue> queues;
  private final Vertx vertx;
  private final Duration interval;
  private final Map<String, Doubt> doubts = new ConcurrentHashMap<>();
  private Optional<Long> timer = Optional.empty();

  /**
   * @param interval how often those in doubt are asked again
   */
  Rehearsals(Function<Model, RetrainingQueue> queues, Vertx vertx, Duration interval) {
    this.queues = queues;
    this.vertx = vertx;
    this.interval = interval;
  }

  /** What the server finds wrong with the model's job; empty if nothing, or if it does not say. */
  Optional<String> refusal(Model model) {
    try {
      ask(model).await().indefinitely();
      doubts.remove(model.name());
      return Optional.empty();
    } catch (EnqueueFailedException e) {
      if (e.kind() == Kind.INVALID) {
        return Optional.of(e.getMessage());
      }
      doubt(model, e);
    } catch (RuntimeException e) {
      doubt(model, e);
    }
    askAgainLater();
    return Optional.empty();
  }

  private Uni<Void> ask(Model model) {
    return Uni.createFrom()
        .deferred(() -> queues.apply(model).validate(SampleJobs.harmless(model.name()).get(1)));
  }

  private void doubt(Model model, Throwable failure) {
    String problem = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    Doubt before = doubts.put(model.name(), new Doubt(model, problem));
    if (before == null || !before.problem().equals(problem)) {
      LOG.warnf(
          "Model %s: whether retraining jobs can be enqueued is not known, and will be asked again:"
              + " %s",
          model.name(), problem);
    }
  }

  private synchronized void askAgainLater() {
    if (timer.isEmpty()) {
      timer = Optional.of(vertx.setTimer(interval.toMillis(), id -> askAgain()));
    }
  }

  private void askAgain() {
    synchronized (this) {
      timer = Optional.empty();
    }
    for (Doubt doubt : doubts.values()) {
      ask(doubt.model())
          .subscribe()
          .with(
              done -> doubts.remove(doubt.model().name(), doubt),
              failure -> {
                // Unless the model was taken out or configured anew meanwhile.
                if (doubt.equals(doubts.get(doubt.model().name()))) {
                  doubt(doubt.model(), failure);
                }
                askAgainLater();
              });
    }
  }

  /** Models that are no more are in no doubt. */
  void retain(Set<String> models) {
    doubts.keySet().retainAll(models);
  }

  /** What is in doubt, by model. */
  Map<String, String> problems() {
    Map<String, String> problems = new TreeMap<>();
    doubts.forEach((model, doubt) -> problems.put(model, doubt.problem()));
    return problems;
  }

  @Override
  public synchronized void close() {
    timer.ifPresent(vertx::cancelTimer);
  }
}
