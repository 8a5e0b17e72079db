package io.modelrefresh.benchmarks.scenarios;

import com.google.pubsub.v1.PubsubMessage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.LongStream;

/**
 * {@code Coalescing SECONDS}: how many loads each replica gets of the packaged agent, beside the
 * least it must get, for patterns of updates kind and unkind. One model a pattern, all at once.
 * Prints a table; fails where a replica got more than two beyond the least.
 */
public final class Coalescing {

  private static final int REPLICAS = 2;
  private static final Duration QUIET = Duration.ofMillis(250);
  private static final Duration MAX_WAIT = Duration.ofSeconds(2);
  private static final Windows WINDOWS = new Windows(QUIET, MAX_WAIT);
  private static final int BEYOND_THE_LEAST = 2;

  /** When the next update, or several at once, is published. */
  private enum Pattern {
    BURSTS("bursts of 1,000, 3 s apart") {
      @Override
      long pauseMillis(Random random) {
        return 3_000;
      }

      @Override
      int updates() {
        return 1_000;
      }
    },
    STEADY("steady, 100 a second") {
      @Override
      long pauseMillis(Random random) {
        return 10;
      }
    },
    SLOW("slow, one a second") {
      @Override
      long pauseMillis(Random random) {
        return 1_000;
      }
    },
    RANDOM("at random, 0 to 500 ms apart") {
      @Override
      long pauseMillis(Random random) {
        return random.nextInt(500);
      }
    },
    JUST_BEFORE("just before each quiet period ends (-30 ms)") {
      @Override
      long pauseMillis(Random random) {
        return QUIET.toMillis() - 30;
      }
    },
    JUST_AFTER("just after each quiet period ends (+30 ms)") {
      @Override
      long pauseMillis(Random random) {
        return QUIET.toMillis() + 30;
      }
    },
    AFTER_LOAD("the moment each rollout begins to load") {
      @Override
      long pauseMillis(Random random) {
        return -1;
      }
    };

    private final String text;

    Pattern(String text) {
      this.text = text;
    }

    /** Negative: when the first replica is asked to load. */
    abstract long pauseMillis(Random random);

    int updates() {
      return 1;
    }
  }

  private final AtomicLongArray loads = new AtomicLongArray(Pattern.values().length * REPLICAS);
  private final AtomicLong lastServed = new AtomicLong();
  private final Object[] loaded =
      LongStream.range(0, Pattern.values().length).mapToObj(model -> new Object()).toArray();
  private final long[] coveredByFirstReplica = new long[Pattern.values().length];

  public static void main(String[] arguments) throws Exception {
    System.exit(new Coalescing().run(Integer.parseInt(arguments[0])) ? 0 : 1);
  }

  private final class Counting implements Fleet.Listener {

    @Override
    public void loads(int model, int replica, long upTo) {
      loads.incrementAndGet(model * REPLICAS + replica);
      synchronized (loaded[model]) {
        coveredByFirstReplica[model] = Math.max(coveredByFirstReplica[model], upTo);
        loaded[model].notifyAll();
      }
    }

    @Override
    public void confirmed(int model, int replica) {
      lastServed.set(System.nanoTime());
    }
  }

  private boolean run(int seconds) throws Exception {
    int models = Pattern.values().length;
    ExecutorService publishers = Executors.newFixedThreadPool(models);
    try (Bus bus = new Bus();
        Fleet fleet = new Fleet(models, REPLICAS, new Counting());
        Agent agent =
            Agent.start(bus.address(), "coalescing", fleet.configuration("250ms", "2s"))) {
      List<Future<long[]>> published = new ArrayList<>();
      for (Pattern pattern : Pattern.values()) {
        published.add(publishers.submit(() -> publish(bus, pattern, seconds)));
      }
      List<long[]> times = new ArrayList<>();
      for (Future<long[]> pattern : published) {
        times.add(pattern.get());
      }
      // Whatever is owed is loaded by then: nothing waits longer than that, and loads are instant.
      lastServed.compareAndSet(0, System.nanoTime());
      while (System.nanoTime() - lastServed.get() < 2 * MAX_WAIT.toNanos()) {
        TimeUnit.MILLISECONDS.sleep(100);
      }
      boolean good = print(times);
      System.out.printf("The agent used %.1f s of CPU time.%n", agent.cpuSeconds());
      return good;
    } finally {
      publishers.shutdownNow();
    }
  }

  /**
   * @return when each update was published
   */
  private long[] publish(Bus bus, Pattern pattern, int seconds)
      throws IOException, InterruptedException {
    int model = pattern.ordinal();
    Random random = new Random(model);
    List<Long> times = new ArrayList<>();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < end) {
      List<PubsubMessage> batch = new ArrayList<>();
      for (int i = 0; i < pattern.updates(); i++) {
        batch.add(Bus.update(Fleet.view(model), times.size() + i + 1));
      }
      long now = System.nanoTime();
      batch.forEach(update -> times.add(now));
      bus.publishNow(batch);
      long pause = pattern.pauseMillis(random);
      if (pause >= 0) {
        long next = now + TimeUnit.MILLISECONDS.toNanos(pause);
        TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
      } else {
        awaitLoad(model, times.size());
      }
    }
    return times.stream().mapToLong(Long::longValue).toArray();
  }

  private void awaitLoad(int model, long upTo) throws InterruptedException {
    synchronized (loaded[model]) {
      while (coveredByFirstReplica[model] < upTo) {
        loaded[model].wait(TimeUnit.SECONDS.toMillis(30));
      }
    }
  }

  private boolean print(List<long[]> times) {
    boolean good = true;
    System.out.println(
        "| pattern | updates | loads of a replica, least possible | loads of each replica | beyond"
            + " the least |");
    System.out.println("|---|---|---|---|---|");
    for (Pattern pattern : Pattern.values()) {
      long[] published = times.get(pattern.ordinal());
      int least = WINDOWS.count(published);
      long[] got = new long[REPLICAS];
      Arrays.setAll(got, replica -> loads.get(pattern.ordinal() * REPLICAS + replica));
      long most = Arrays.stream(got).max().orElseThrow() - least;
      good &= most <= BEYOND_THE_LEAST;
      System.out.printf(
          "| %s | %,d | %d | %s | %+d |%n",
          pattern.text,
          published.length,
          least,
          Arrays.toString(got).replaceAll("[\\[\\]]", ""),
          most);
    }
    System.out.println(
        good
            ? "\nNo replica got more than two loads beyond the least."
            : "\nFAILED: a replica got more than two loads beyond the least.");
    return good;
  }
}
