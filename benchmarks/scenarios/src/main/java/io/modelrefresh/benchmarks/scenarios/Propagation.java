package io.modelrefresh.benchmarks.scenarios;

import java.util.Arrays;
import org.HdrHistogram.Histogram;

/**
 * From the publish of each update to the moment the last replica of its model has confirmed a load
 * that covers it. Thread-safe.
 */
final class Propagation implements Fleet.Listener {

  private static final int MOST_SECONDS = 600;

  private final long[][] publishedAt;
  private final long[] published;
  private final long[][] loading;
  private final long[][] confirmed;
  private final long[] served;
  private Histogram micros = empty();
  private long rollouts;

  Propagation(int models, int replicas, int mostUpdatesOfAModel) {
    publishedAt = new long[models][mostUpdatesOfAModel + 1];
    published = new long[models];
    loading = new long[models][replicas];
    confirmed = new long[models][replicas];
    served = new long[models];
  }

  private static Histogram empty() {
    return new Histogram(MOST_SECONDS * 1_000_000L, 3);
  }

  /**
   * @return the update's number among those of its model, from 1
   */
  synchronized long publishing(int model) {
    long number = ++published[model];
    publishedAt[model][(int) number] = System.nanoTime();
    return number;
  }

  @Override
  public synchronized void loads(int model, int replica, long upTo) {
    loading[model][replica] = upTo;
  }

  @Override
  public synchronized void confirmed(int model, int replica) {
    confirmed[model][replica] = Math.max(confirmed[model][replica], loading[model][replica]);
    long byAll = Arrays.stream(confirmed[model]).min().orElseThrow();
    if (byAll > served[model]) {
      rollouts++;
    }
    long now = System.nanoTime();
    while (served[model] < byAll) {
      served[model]++;
      micros.recordValue((now - publishedAt[model][(int) served[model]]) / 1_000);
    }
  }

  /** How many updates are published and not yet served. */
  synchronized long owed() {
    return Arrays.stream(published).sum() - Arrays.stream(served).sum();
  }

  synchronized long rollouts() {
    return rollouts;
  }

  /** What was recorded since the last call. */
  synchronized Histogram take() {
    Histogram taken = micros;
    micros = empty();
    rollouts = 0;
    return taken;
  }
}
