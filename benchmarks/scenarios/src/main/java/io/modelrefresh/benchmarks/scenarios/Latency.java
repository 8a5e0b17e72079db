package io.modelrefresh.benchmarks.scenarios;

import com.google.pubsub.v1.PubsubMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * {@code Latency SECONDS RATE...}: update-to-served latency of the packaged agent at each rate of
 * updates a second, over 200 models on three replicas each, without a quiet period; beside the same
 * HTTP requests by a plain client. Prints a table.
 */
public final class Latency {

  private static final int MODELS = 200;
  private static final int REPLICAS = 3;
  private static final int WARM_UP_RATE = 1_000;
  private static final int WARM_UP_SECONDS = 15;
  private static final long TICK_NANOS = 1_000_000;
  private static final int PATIENCE_SECONDS = 60;

  private final Random random = new Random(1);
  private final Bus bus;
  private final Propagation propagation;
  private final Agent agent;

  private Latency(Bus bus, Propagation propagation, Agent agent) {
    this.bus = bus;
    this.propagation = propagation;
    this.agent = agent;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int seconds = Integer.parseInt(arguments[0]);
    Propagation propagation = new Propagation(MODELS, REPLICAS, 2_000_000 / MODELS);
    try (Bus bus = new Bus();
        Fleet fleet = new Fleet(MODELS, REPLICAS, propagation);
        Agent agent = Agent.start(bus.address(), "latency", fleet.configuration("0s", "0s"))) {
      Latency latency = new Latency(bus, propagation, agent);
      latency.publish(WARM_UP_RATE, WARM_UP_SECONDS);
      propagation.take();
      System.out.println(
          "| updates/s | what | samples | p50 ms | p99 ms | p99.9 ms | max ms | rollouts/s | agent"
              + " cores |");
      System.out.println("|---|---|---|---|---|---|---|---|---|");
      for (int i = 1; i < arguments.length; i++) {
        int rate = Integer.parseInt(arguments[i]);
        double cpu = agent.cpuSeconds();
        double took = latency.publish(rate, seconds);
        double rolloutRate = propagation.rollouts() / took;
        print(
            rate,
            "publish to last replica confirmed",
            propagation.take(),
            rolloutRate,
            (agent.cpuSeconds() - cpu) / took);
        try (PlainClient client = new PlainClient(fleet, MODELS)) {
          client.run(Math.max(1, rolloutRate), WARM_UP_SECONDS / 3);
          print(
              rate,
              "the same requests, plain client",
              client.run(Math.max(1, rolloutRate), seconds),
              rolloutRate,
              Double.NaN);
        }
      }
    }
    System.exit(0);
  }

  /**
   * Publishes evenly, and waits until everything is served.
   *
   * @return the seconds that took
   */
  private double publish(int rate, int seconds) throws InterruptedException {
    long start = System.nanoTime();
    long total = (long) rate * seconds;
    for (long sent = 0; sent < total; ) {
      long due = Math.min(total, (long) ((System.nanoTime() - start) / 1e9 * rate) + 1);
      List<PubsubMessage> batch = new ArrayList<>();
      for (; sent < due; sent++) {
        int model = random.nextInt(MODELS);
        batch.add(Bus.update(Fleet.view(model), propagation.publishing(model)));
      }
      if (!batch.isEmpty()) {
        bus.publish(batch);
      }
      LockSupport.parkNanos(TICK_NANOS);
    }
    double took = (System.nanoTime() - start) / 1e9;
    long owed = propagation.owed();
    for (int inVain = 0; owed > 0; inVain++) {
      TimeUnit.MILLISECONDS.sleep(100);
      long before = owed;
      owed = propagation.owed();
      if (owed < before) {
        inVain = 0;
      } else if (inVain > PATIENCE_SECONDS * 10) {
        throw new IllegalStateException(owed + " updates of " + total + " were not served");
      }
    }
    return took;
  }

  private static void print(
      int rate, String what, Histogram micros, double rolloutRate, double cores) {
    System.out.printf(
        Locale.ROOT,
        "| %,d | %s | %,d | %.1f | %.1f | %s | %.1f | %.0f | %s |%n",
        rate,
        what,
        micros.getTotalCount(),
        micros.getValueAtPercentile(50) / 1e3,
        micros.getValueAtPercentile(99) / 1e3,
        // Of fewer samples it would be the maximum under another name.
        micros.getTotalCount() < 1_000
            ? "-"
            : String.format(Locale.ROOT, "%.1f", micros.getValueAtPercentile(99.9) / 1e3),
        micros.getMaxValue() / 1e3,
        rolloutRate,
        Double.isNaN(cores) ? "-" : String.format(Locale.ROOT, "%.2f", cores));
  }
}
