package io.modelrefresh.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.modelrefresh.retraining.RetrainingJob;
import io.modelrefresh.retraining.RetrainingListener;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import jakarta.enterprise.context.ApplicationScoped;
import org.jboss.logging.Logger;

/** Counts and logs what becomes of retraining jobs. Thread-safe. */
@ApplicationScoped
class RetrainingMetrics implements RetrainingListener {

  private static final Logger LOG = Logger.getLogger("io.modelrefresh.retraining");

  private final MeterRegistry registry;

  RetrainingMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void putOff(RetrainingJob job) {
    LOG.infof(
        "Model %s: retraining job %s is owed, and put off by the cooldown until %s: %s",
        job.model(), job.name(), job.notBefore(), job.cause().detail());
  }

  @Override
  public void enqueued(RetrainingJob job, String queue, Outcome outcome) {
    count(job, outcome == Outcome.CREATED ? "enqueued" : "duplicate");
    LOG.infof(
        "Model %s: retraining job %s %s in queue %s: %s",
        job.model(),
        job.name(),
        outcome == Outcome.CREATED ? "enqueued" : "was already",
        queue,
        job.cause().detail());
  }

  @Override
  public void failed(RetrainingJob job, String queue, String problem) {
    count(job, "failed");
  }

  private void count(RetrainingJob job, String outcome) {
    Counter.builder("retraining.jobs")
        .description("Attempts to enqueue a retraining job, by what came of it")
        .tag("model", job.model())
        .tag("outcome", outcome)
        .tag("reason", job.kind().text())
        .register(registry)
        .increment();
  }
}
