package io.modelrefresh.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.search.Search;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.refresh.RefreshListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Counts, times and logs what lanes do. Thread-safe. */
@ApplicationScoped
class RefreshMetrics implements RefreshListener {

  private static final Logger LOG = Logger.getLogger("io.modelrefresh.refresh");

  private final MeterRegistry registry;
  private final Clock clock;

  /** Asked for once an update: looking a meter up by its tags each time would cost more than it. */
  private final Map<String, Counter> coalesced = new ConcurrentHashMap<>();

  /** By model. Guarded by this. */
  private final Map<String, List<Gauge>> gauges = new HashMap<>();

  RefreshMetrics(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public void coalesced(String model) {
    coalesced
        .computeIfAbsent(
            model,
            name ->
                Counter.builder("model.refresh.coalesced")
                    .description("Updates that joined a rollout already waiting")
                    .tag("model", name)
                    .register(registry))
        .increment();
  }

  @Override
  public void rolledOut(RolloutReport report) {
    log(report);
    if (report.outcome() == Outcome.NO_REPLICAS) {
      return;
    }
    String outcome = report.outcome().name().toLowerCase(Locale.ROOT);
    Counter.builder("model.refresh")
        .description("Rollouts, by outcome")
        .tag("model", report.model())
        .tag("outcome", outcome)
        .register(registry)
        .increment();
    Histograms.lag("model.refresh.duration", "How long rollouts took")
        .tag("model", report.model())
        .tag("outcome", outcome)
        .register(registry)
        .record(report.duration());
    observe(
        "model.refresh.propagation",
        "Publish to all replicas confirmed",
        report,
        RolloutReport::oldestPublishTime);
    observe(
        "model.refresh.freshness",
        "Event time to all replicas confirmed",
        report,
        RolloutReport::oldestEventTime);
  }

  private void observe(
      String name,
      String description,
      RolloutReport report,
      Function<RolloutReport, Optional<Instant>> since) {
    since
        .apply(report)
        .ifPresent(
            start -> {
              Duration age = Duration.between(start, report.endedAt());
              Histograms.lag(name, description)
                  .tag("model", report.model())
                  .register(registry)
                  .record(age.isNegative() ? Duration.ZERO : age);
            });
  }

  private void log(RolloutReport report) {
    switch (report.outcome()) {
      case SUCCESS -> logSuccess(report);
      case NO_REPLICAS ->
          LOG.infof("Model %s: has no replicas, nothing to refresh", report.model());
      case FAILURE ->
          LOG.warnf(
              "Model %s: not refreshed yet, will retry: %s (%d failures in a row)",
              report.model(), report.detail(), report.failures());
    }
  }

  /**
   * A busy topic causes several rollouts a second, so only a recovery is worth a line by default.
   */
  private static void logSuccess(RolloutReport report) {
    LOG.logf(
        report.failures() > 0 ? Logger.Level.INFO : Logger.Level.DEBUG,
        "Model %s: refreshed on every replica in %d ms, after %d failures",
        report.model(),
        report.duration().toMillis(),
        report.failures());
  }

  @Override
  public synchronized void follows(Model model, Supplier<LaneStatus> status) {
    gauges.computeIfAbsent(model.name(), name -> gauges(name, status));
    objective(model);
  }

  /** Takes out all that was ever measured of the model, so that no series of it goes on. */
  @Override
  public synchronized void forgets(String model) {
    gauges.remove(model);
    coalesced.remove(model);
    Search.in(registry).tag("model", model).meters().forEach(registry::remove);
  }

  private List<Gauge> gauges(String model, Supplier<LaneStatus> status) {
    return List.of(
        gauge(
            "model.refresh.consecutive.failures",
            "Failed rollouts in a row",
            model,
            () -> status.get().consecutiveFailures()),
        gauge(
            "model.refresh.failing",
            "1 once as many rollouts have failed in a row as refresh.max-attempts says",
            model,
            () -> status.get().failing() ? 1 : 0),
        gauge(
            "model.refresh.last.success.timestamp.seconds",
            "When the model was last refreshed on every replica, Unix time; 0 for never",
            model,
            () -> status.get().lastSuccess().map(Instant::getEpochSecond).orElse(0L)),
        gauge(
            "model.refresh.pending.age.seconds",
            "Age of the oldest update owed, by publish time; 0 when nothing is",
            model,
            () -> status.get().pendingSince().map(this::age).orElse(0.0)),
        gauge("model.replicas", "Replicas known", model, () -> status.get().replicas().size()),
        gauge(
            "model.replicas.stale",
            "Replicas that lack an update for longer than the objective; at once without one",
            model,
            () -> stale(status.get())));
  }

  private long stale(LaneStatus status) {
    Optional<Instant> lacking =
        status
            .pendingSince()
            .filter(
                oldest ->
                    status
                        .objective()
                        .map(clock.instant()::minus)
                        .map(oldest::isBefore)
                        .orElse(true));
    return lacking.stream()
        .flatMap(oldest -> status.replicas().stream().filter(replica -> lacks(replica, oldest)))
        .count();
  }

  /** One that has the oldest update owed lacks a later one at most. */
  private static boolean lacks(LaneStatus.ReplicaStatus replica, Instant oldest) {
    return replica.state() != LaneStatus.State.FRESH
        && replica.observedWatermark().filter(covered -> !covered.isBefore(oldest)).isEmpty();
  }

  private Gauge gauge(String name, String description, String model, Supplier<Number> value) {
    return Gauge.builder(name, value)
        .description(description)
        .tag("model", model)
        .strongReference(true)
        .register(registry);
  }

  /** Its value is fixed, and whether there is one: a changed one is another gauge. */
  private void objective(Model model) {
    String name = "model.refresh.objective.seconds";
    Search.in(registry).name(name).tag("model", model.name()).meters().forEach(registry::remove);
    model
        .refresh()
        .objective()
        .ifPresent(
            objective ->
                Gauge.builder(name, objective, wanted -> wanted.toMillis() / 1000.0)
                    .description("The propagation wanted")
                    .tag("model", model.name())
                    .strongReference(true)
                    .register(registry));
  }

  private double age(Instant since) {
    return Math.max(0, Duration.between(since, clock.instant()).toMillis() / 1000.0);
  }
}
