package io.modelrefresh.retraining;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.refresh.Timer;
import io.modelrefresh.retraining.RetrainingLane.Offered;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Enqueues retraining jobs, each once. Keeps no list of models: each comes with its trigger, and
 * what other agents left owed is looked up in the catalog as it is then. Thread-safe.
 */
public final class Retraining {

  private static final Logger LOG = Logger.getLogger(Retraining.class);

  private final RetrainingContext context;
  private final RecentJobs recent;
  private final BooleanSupplier wanted;
  private final Duration scanInterval;
  private final Map<String, RetrainingLane> lanes = new ConcurrentSkipListMap<>();
  private volatile boolean closed;
  private volatile Optional<String> scanProblem = Optional.empty();

  /**
   * @param models the catalog as it is now, asked each time
   * @param queues where a model's jobs go
   * @param wanted whether any model is retrained now; until then no ledger is read
   * @param scanInterval how often what other agents left owed is looked for
   */
  Retraining(
      Ledger ledger,
      Function<String, Optional<Model>> models,
      Function<Model, RetrainingQueue> queues,
      Clock clock,
      Timer timer,
      Backoff backoff,
      RetrainingListener listener,
      BooleanSupplier wanted,
      Duration scanInterval) {
    recent = new RecentJobs(clock);
    context =
        new RetrainingContext(
            ledger, models, queues, clock, timer, backoff, new Both(listener, recent));
    this.wanted = wanted;
    this.scanInterval = scanInterval;
  }

  /** Looks for what is owed, now and from time to time. Call once. */
  public void start() {
    scan();
  }

  /**
   * Takes an update that retrains the model. Holds a reference to the message of its own until the
   * job is recorded or enqueued; the caller keeps its own throughout.
   *
   * @param model as it is configured now, with a retraining policy
   * @return whether it is new; if not, a job that is enqueued or certain to be implies it
   */
  public boolean offer(Model model, Trigger trigger, HeldMessage message) {
    return lane(model).offer(trigger, message) == Offered.PLANNED;
  }

  private RetrainingLane lane(Model model) {
    RetrainingLane lane =
        lanes.computeIfAbsent(model.name(), name -> new RetrainingLane(model, context));
    lane.update(model);
    if (closed) {
      lane.close();
    }
    return lane;
  }

  /** Enqueues nothing more that is not under way, and gives held messages back. */
  public void close() {
    closed = true;
    lanes.values().forEach(RetrainingLane::close);
  }

  private void scan() {
    if (closed) {
      return;
    }
    retireLanesOfRemovedModels();
    if (!wanted.getAsBoolean()) {
      scanProblem = Optional.empty();
      scanLater();
      return;
    }
    context
        .ledger()
        .owing()
        .subscribe()
        .with(
            models -> {
              scanProblem = Optional.empty();
              models.forEach(this::wake);
              scanLater();
            },
            failure -> {
              Optional<String> problem = Optional.of(String.valueOf(failure.getMessage()));
              if (!problem.equals(scanProblem)) {
                LOG.warnf("What retraining is owed cannot be read, will retry: %s", problem.get());
              }
              scanProblem = problem;
              scanLater();
            });
  }

  private void wake(String model) {
    retrained(model)
        .ifPresentOrElse(
            found -> lane(found).wake(),
            () ->
                LOG.debugf(
                    "A retraining job of %s is owed, which no model of this agent is", model));
  }

  private Optional<Model> retrained(String model) {
    return context.models().apply(model).filter(found -> found.retraining().isPresent());
  }

  /** A model that is gone, or is no longer retrained, wants nothing of its messages. */
  private void retireLanesOfRemovedModels() {
    lanes
        .entrySet()
        .removeIf(
            lane -> {
              boolean gone = retrained(lane.getKey()).isEmpty();
              if (gone) {
                lane.getValue().retire();
              }
              return gone;
            });
  }

  private void scanLater() {
    if (!closed) {
      Duration jittered =
          new Backoff(scanInterval, scanInterval, context.backoff().random()).after(1);
      context.timer().after(jittered, this::scan);
    }
  }

  /**
   * One model's retraining, a status for each kind of reason there was; empty if there was none.
   */
  public List<RetrainingStatus> status(String model) {
    return Optional.ofNullable(lanes.get(model))
        .map(RetrainingLane::status)
        .orElse(List.of())
        .stream()
        .map(status -> status.orElseBecause(lastDetail(model, status)))
        .toList();
  }

  /** Why the last job was enqueued, as far as this agent tried to. */
  private Optional<String> lastDetail(String model, RetrainingStatus status) {
    return status
        .lastWindow()
        .flatMap(window -> recent.find(JobName.of(model, status.kind(), window)))
        .map(RecentJob::detail);
  }

  /** The jobs this agent tried to enqueue lately, the newest first; a bounded number. */
  public List<RecentJob> recentJobs() {
    return recent.newestFirst();
  }

  /** What stands in the way of enqueueing, by model; empty text stands for all of them. */
  public Map<String, String> problems() {
    Map<String, String> problems = new TreeMap<>();
    scanProblem.ifPresent(problem -> problems.put("", problem));
    lanes.forEach(
        (model, lane) -> lane.problem().ifPresent(problem -> problems.put(model, problem)));
    return problems;
  }

  /** A listener can never break the work: the second hears, whatever the first does. */
  private record Both(RetrainingListener listener, RecentJobs recent)
      implements RetrainingListener {

    @Override
    public void putOff(RetrainingJob job) {
      try {
        listener.putOff(job);
      } catch (RuntimeException e) {
        LOG.error("A listener to retraining failed", e);
      }
    }

    @Override
    public void enqueued(RetrainingJob job, String queue, Outcome outcome) {
      recent.enqueued(job, queue, outcome);
      try {
        listener.enqueued(job, queue, outcome);
      } catch (RuntimeException e) {
        LOG.error("A listener to retraining failed", e);
      }
    }

    @Override
    public void failed(RetrainingJob job, String queue, String problem) {
      recent.failed(job, queue, problem);
      try {
        listener.failed(job, queue, problem);
      } catch (RuntimeException e) {
        LOG.error("A listener to retraining failed", e);
      }
    }
  }
}
