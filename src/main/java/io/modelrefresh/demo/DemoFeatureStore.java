package io.modelrefresh.demo;

import java.util.HashMap;
import java.util.Map;

/**
 * A feature store in memory, shared by the demo's replicas, that stays one write ahead of them.
 *
 * <p>{@code POST /v1/feature-updates} only announces a change; some pipeline must have written the
 * values before. Here the store plays that pipeline: when a replica asks for a row it has had
 * already, there has been a write since. So one announcement is all a person has to send, each
 * refresh is sure to find other values than the last, whatever the clock says, and two replicas
 * that load for the same announcement find the same. Nothing changes for a replica that does not
 * load: which is what the agent is there for. To choose the values, {@link #put} them first: the
 * next load of each replica finds exactly those. Loading one replica by hand puts it a write ahead
 * of the others.
 *
 * <p>Safe for use by many threads.
 */
public final class DemoFeatureStore {

  /** Steps through 0.01 to 0.99 in a way that looks random and never stays: coprime to 99. */
  private static final int STRIDE = 37;

  private final Map<String, FeatureRow> rows = new HashMap<>();
  private final Map<Reader, Long> lastRead = new HashMap<>();

  private record Reader(String name, String featureView) {}

  /**
   * The row as it is now, which is a new one if this reader has had the last.
   *
   * @param reader names the replica and model that load
   */
  public synchronized FeatureRow read(String featureView, String reader) {
    Reader key = new Reader(reader, featureView);
    FeatureRow row = current(featureView);
    if (lastRead.getOrDefault(key, 0L) == row.version()) {
      row = write(featureView, next(row));
    }
    lastRead.put(key, row.version());
    return row;
  }

  /** Writes values; features not named keep theirs. */
  public synchronized FeatureRow put(String featureView, Map<String, Double> values) {
    Map<String, Double> merged = new HashMap<>(current(featureView).values());
    merged.putAll(values);
    return write(featureView, merged);
  }

  private FeatureRow current(String featureView) {
    FeatureRow row = rows.get(featureView);
    return row != null ? row : write(featureView, Map.of(DemoModelServer.FEATURE, 0.5));
  }

  private FeatureRow write(String featureView, Map<String, Double> values) {
    FeatureRow last = rows.get(featureView);
    FeatureRow row = new FeatureRow(last == null ? 1 : last.version() + 1, values);
    rows.put(featureView, row);
    return row;
  }

  private static Map<String, Double> next(FeatureRow row) {
    Map<String, Double> values = new HashMap<>(row.values());
    values.replaceAll((feature, value) -> next(value));
    return values;
  }

  private static double next(double value) {
    long percent = Math.round(value * 100);
    return (Math.floorMod(percent - 1 + STRIDE, 99) + 1) / 100.0;
  }
}
