package io.modelrefresh.demo;

import java.util.Map;

/**
 * The features of a view as they were at one time.
 *
 * @param version counts the writes, from 1
 * @param values by feature name
 */
public record FeatureRow(long version, Map<String, Double> values) {

  public FeatureRow {
    values = Map.copyOf(values);
  }
}
