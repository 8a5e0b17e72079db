package io.modelrefresh.agent;

import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.Stream;

/** The buckets of the agent's histograms, chosen once so that dashboards can compare them. */
final class Histograms {

  private Histograms() {}

  /** For times from milliseconds to the hours an outage can last. */
  static Timer.Builder lag(String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(
            Stream.of(
                    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
                    300.0, 1800.0, 7200.0, 43200.0, 86400.0)
                .map(seconds -> Duration.ofMillis((long) (seconds * 1000)))
                .toArray(Duration[]::new));
  }
}
