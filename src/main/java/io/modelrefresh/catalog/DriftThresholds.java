package io.modelrefresh.catalog;

import io.modelrefresh.update.Drift;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How much drift retrains a model. Metrics are told apart by their names, in either case.
 *
 * @param any from which value on, of a metric that has no threshold of its own
 * @param byMetric from which value on, by the metric's name in lower case
 */
public record DriftThresholds(Optional<Double> any, Map<String, Double> byMetric) {

  /** No drift retrains. */
  public static final DriftThresholds NONE = new DriftThresholds(Optional.empty(), Map.of());

  public DriftThresholds {
    Map<String, Double> lowerCase = new TreeMap<>();
    byMetric.forEach((metric, value) -> lowerCase.put(metric.toLowerCase(Locale.ROOT), value));
    byMetric = Map.copyOf(lowerCase);
  }

  boolean isEmpty() {
    return any.isEmpty() && byMetric.isEmpty();
  }

  /** The threshold that the drift reaches; empty if it reaches none. */
  public Optional<Double> reachedBy(Drift drift) {
    return Optional.ofNullable(byMetric.get(drift.metric().toLowerCase(Locale.ROOT)))
        .or(() -> any)
        .filter(threshold -> drift.value() >= threshold);
  }
}
