package io.modelrefresh.retraining;

import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The jobs this agent tried to enqueue lately, at most {@value #MOST}. Thread-safe. */
final class RecentJobs implements RetrainingListener {

  static final int MOST = 200;

  private final Clock clock;
  private final Map<String, RecentJob> byName =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, RecentJob> eldest) {
          return size() > MOST;
        }
      };

  RecentJobs(Clock clock) {
    this.clock = clock;
  }

  /** Not tried yet. */
  @Override
  public void putOff(RetrainingJob job) {}

  @Override
  public void enqueued(RetrainingJob job, String queue, Outcome outcome) {
    String text = outcome == Outcome.CREATED ? "enqueued" : outcome.name().toLowerCase(Locale.ROOT);
    add(job, queue, text, Optional.empty());
  }

  @Override
  public void failed(RetrainingJob job, String queue, String problem) {
    add(job, queue, "failed", Optional.of(problem));
  }

  private synchronized void add(
      RetrainingJob job, String queue, String outcome, Optional<String> problem) {
    int attempts =
        Optional.ofNullable(byName.remove(job.name())).map(RecentJob::attempts).orElse(0);
    byName.put(
        job.name(),
        new RecentJob(
            job.name(),
            job.model(),
            job.kind(),
            job.cause().detail(),
            job.window(),
            job.versionTexts(),
            queue,
            outcome,
            clock.instant(),
            attempts + 1,
            problem));
  }

  synchronized Optional<RecentJob> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** The newest first. */
  synchronized List<RecentJob> newestFirst() {
    List<RecentJob> all = new ArrayList<>(byName.values());
    Collections.reverse(all);
    return all;
  }
}
