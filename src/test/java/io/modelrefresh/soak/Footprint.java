package io.modelrefresh.soak;

import io.modelrefresh.agent.AgentProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** What each agent's process uses, over its life, and whether that grows. By Linux' /proc. */
final class Footprint {

  /** After a start, pools fill. */
  private static final Duration WARM_UP = Duration.ofSeconds(20);

  /** A life shorter than this says nothing about growth. */
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(60);

  /** How much more of a thing there may be for reasons of the moment, whatever time passes. */
  private static final int THREADS = 12;

  private static final int FILES = 40;

  /** An agent remembers the ids of what it acknowledged lately. */
  private static final long BYTES_PER_MESSAGE = 250;

  private static final long HEAP_BYTES = 12L << 20;

  private record Sample(Instant at, long threads, long files, long sockets) {}

  private record Heap(Instant at, long bytes, double received) {}

  private static final class Life {
    final int agent;
    final Instant begin = Instant.now();
    final List<Sample> samples = new ArrayList<>();
    final List<Heap> heaps = new ArrayList<>();

    Life(int agent) {
      this.agent = agent;
    }
  }

  private final Map<Long, Life> lives = new TreeMap<>();

  synchronized void sample(Agents agents) {
    for (Agents.Place place : agents.places()) {
      Optional<AgentProcess> agent = place.running();
      if (agent.isPresent()) {
        long pid = agent.get().pid();
        sampleOf(pid)
            .ifPresent(
                sample ->
                    lives.computeIfAbsent(pid, id -> new Life(place.number())).samples.add(sample));
      }
    }
  }

  private static Optional<Sample> sampleOf(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    try (Stream<Path> tasks = Files.list(process.resolve("task"));
        Stream<Path> files = Files.list(process.resolve("fd"))) {
      long threads = tasks.count();
      List<Path> open = files.toList();
      long sockets = open.stream().filter(Footprint::isSocket).count();
      return Optional.of(new Sample(Instant.now(), threads, open.size(), sockets));
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty(); // It has just ended.
    }
  }

  private static boolean isSocket(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // Closed meanwhile.
    }
  }

  /** What is left on the heap after a collection, of those that answer. */
  void sampleHeaps(Agents agents) {
    for (Agents.Place place : agents.places()) {
      place.running().ifPresent(this::sampleHeap);
    }
  }

  private void sampleHeap(AgentProcess agent) {
    try {
      Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
      Process collection =
          new ProcessBuilder(jcmd.toString(), Long.toString(agent.pid()), "GC.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!collection.waitFor(20, TimeUnit.SECONDS)) {
        collection.destroyForcibly();
        return;
      }
      if (collection.exitValue() != 0) {
        return;
      }
      long bytes =
          (long)
              agent
                  .metrics()
                  .lines()
                  .filter(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""))
                  .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                  .sum();
      double received = Agents.metric(agent, "pubsub_messages_received_total");
      synchronized (this) {
        Life life = lives.get(agent.pid());
        if (life != null) {
          life.heaps.add(new Heap(Instant.now(), bytes, received));
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // It was killed meanwhile.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Looks at every life that was long enough. */
  synchronized List<String> judge(History history) {
    List<String> figures = new ArrayList<>();
    lives.forEach(
        (pid, life) -> {
          List<Sample> warm =
              life.samples.stream()
                  .filter(sample -> sample.at().isAfter(life.begin.plus(WARM_UP)))
                  .toList();
          if (!warm.isEmpty()
              && Duration.between(life.begin, warm.get(warm.size() - 1).at())
                      .compareTo(LONG_ENOUGH.plus(WARM_UP))
                  >= 0) {
            figures.add(judge(life, warm, history));
          }
        });
    return figures;
  }

  private static String judge(Life life, List<Sample> samples, History history) {
    String threads = growth(life, "threads", samples, Sample::threads, THREADS, history);
    String files = growth(life, "file descriptors", samples, Sample::files, FILES, history);
    String sockets = growth(life, "sockets", samples, Sample::sockets, FILES, history);
    String heap = heap(life, history);
    return "agent %d over %d s: %s, %s, %s, %s"
        .formatted(
            life.agent,
            Duration.between(life.begin, samples.get(samples.size() - 1).at()).toSeconds(),
            threads,
            files,
            sockets,
            heap);
  }

  private static String growth(
      Life life,
      String what,
      List<Sample> samples,
      ToLongFunction<Sample> of,
      long slack,
      History history) {
    int quarter = Math.max(1, samples.size() / 4);
    long first = median(samples.subList(0, quarter), of);
    long last = median(samples.subList(samples.size() - quarter, samples.size()), of);
    String figure = what + " " + first + " -> " + last;
    if (last > first + slack) {
      history.violation("agent %d grows: %s", life.agent, figure);
    }
    return figure;
  }

  private static long median(List<Sample> samples, ToLongFunction<Sample> of) {
    return samples.stream().mapToLong(of).sorted().skip(samples.size() / 2).findFirst().orElse(0);
  }

  private static String heap(Life life, History history) {
    if (life.heaps.size() < 2) {
      return "heap not measured";
    }
    int quarter = Math.max(1, life.heaps.size() / 4);
    Heap first = least(life.heaps.subList(0, quarter));
    Heap last = least(life.heaps.subList(life.heaps.size() - quarter, life.heaps.size()));
    String figure =
        "heap after collection %.1f -> %.1f MB at %.0f -> %.0f messages received"
            .formatted(first.bytes() / 1e6, last.bytes() / 1e6, first.received(), last.received());
    double allowed = HEAP_BYTES + BYTES_PER_MESSAGE * (last.received() - first.received());
    if (last.bytes() - first.bytes() > allowed) {
      history.violation("agent %d grows: %s", life.agent, figure);
    }
    return figure;
  }

  private static Heap least(List<Heap> heaps) {
    return heaps.stream()
        .min((one, other) -> Long.compare(one.bytes(), other.bytes()))
        .orElseThrow();
  }
}
