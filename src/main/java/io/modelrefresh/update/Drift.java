package io.modelrefresh.update;

/**
 * How far the values of a feature view moved.
 *
 * @param metric the measure, such as {@code psi} or {@code ks}
 * @param value its value, in the measure's own unit
 */
public record Drift(String metric, double value) {}
