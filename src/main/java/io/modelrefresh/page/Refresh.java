package io.modelrefresh.page;

import io.modelrefresh.refresh.RefreshListener.RolloutReport;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * One refresh that has ended.
 *
 * @param sequence its place in the order in which refreshes ended, from 1
 * @param outcome {@code success}, {@code failure} or {@code no_replicas}
 * @param propagation from the publish of the oldest update it covers to its end; empty when it
 *     confirmed none
 * @param freshness the same from that update's event time
 * @param failures attempts that failed in a row, this one included; for a success, those before it
 * @param detail why it failed
 */
record Refresh(
    long sequence,
    String model,
    String outcome,
    Instant endedAt,
    Duration duration,
    Optional<Duration> propagation,
    Optional<Duration> freshness,
    int failures,
    String detail) {

  static Refresh of(long sequence, RolloutReport report) {
    return new Refresh(
        sequence,
        report.model(),
        report.outcome().name().toLowerCase(Locale.ROOT),
        report.endedAt(),
        report.duration(),
        report.oldestPublishTime().map(since -> age(since, report.endedAt())),
        report.oldestEventTime().map(since -> age(since, report.endedAt())),
        report.failures(),
        report.detail());
  }

  /** Whoever stamped the time may have a clock ahead of ours. */
  private static Duration age(Instant since, Instant until) {
    return since.isAfter(until) ? Duration.ZERO : Duration.between(since, until);
  }
}
