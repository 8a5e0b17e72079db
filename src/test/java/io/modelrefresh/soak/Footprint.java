package io.modelrefresh.soak;

import io.modelrefresh.agent.AgentProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What each agent's process uses, and whether that grows, while its part is the same: who holds the
 * lease has connections that others have not. By Linux' /proc.
 */
final class Footprint {

  /** After a start, and with a new part, pools fill. */
  private static final Duration WARM_UP = Duration.ofSeconds(20);

  /** Less than this says nothing about growth. */
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(60);

  /** An agent may have had its part at the begin and the end of its life, and another between. */
  private static final int ENOUGH_SAMPLES = 24;

  /**
   * How much more of a thing there may be for reasons of the moment, whatever time passes. Over
   * many seeds the medians of threads were at most 5 apart.
   */
  static final int THREADS = 8;

  /** Connections to replicas come and go with the traffic: their medians were at most 18 apart. */
  static final int FILES = 24;

  static final long HEAP_BYTES = 6L << 20;

  /** An agent remembers the ids of what it acknowledged lately. */
  static final long BYTES_PER_MESSAGE = 250;

  record Sample(Instant at, long threads, long files, long sockets) {}

  record Heap(Instant at, long bytes, double received) {}

  private record Key(long pid, boolean holdsLease) {}

  /** An agent while its part is the same. */
  static final class Life {
    private final int agent;
    private final Instant begin;
    private final List<Sample> samples = new ArrayList<>();
    private final List<Heap> heaps = new ArrayList<>();

    Life(int agent, Instant begin) {
      this.agent = agent;
      this.begin = begin;
    }

    void add(Sample sample) {
      if (isWarm(sample.at())) {
        samples.add(sample);
      }
    }

    void add(Heap heap) {
      if (isWarm(heap.at())) {
        heaps.add(heap);
      }
    }

    private boolean isWarm(Instant at) {
      return !at.isBefore(begin.plus(WARM_UP));
    }

    boolean isLongEnough() {
      return length().compareTo(LONG_ENOUGH.plus(WARM_UP)) >= 0 && samples.size() >= ENOUGH_SAMPLES;
    }

    private Duration length() {
      return samples.isEmpty()
          ? Duration.ZERO
          : Duration.between(begin, samples.get(samples.size() - 1).at());
    }
  }

  private final Map<Key, Life> lives = new LinkedHashMap<>();
  private Duration boot = Duration.ZERO;

  /** Tells how slow this machine is: what a start of the agents takes. A life begins after it. */
  synchronized void agentsNeed(Duration start) {
    boot = start;
  }

  /**
   * @param holder the number of the agent that holds the lease, if one does
   */
  synchronized void sample(Agents agents, OptionalInt holder) {
    for (Agents.Place place : agents.places()) {
      Optional<AgentProcess> agent = place.running();
      if (agent.isPresent()) {
        long pid = agent.get().pid();
        sampleOf(pid).ifPresent(sample -> life(pid, place.number(), holder).add(sample));
      }
    }
  }

  private Life life(long pid, int agent, OptionalInt holder) {
    boolean holds = holder.isPresent() && holder.getAsInt() == agent;
    return lives.computeIfAbsent(
        new Key(pid, holds), key -> new Life(agent, Instant.now().plus(boot)));
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
  void sampleHeaps(Agents agents, OptionalInt holder) {
    for (Agents.Place place : agents.places()) {
      Optional<AgentProcess> agent = place.running();
      agent
          .flatMap(Footprint::heapOf)
          .ifPresent(
              heap -> {
                synchronized (this) {
                  life(agent.get().pid(), place.number(), holder).add(heap);
                }
              });
    }
  }

  private static Optional<Heap> heapOf(AgentProcess agent) {
    try {
      Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
      Process collection =
          new ProcessBuilder(jcmd.toString(), Long.toString(agent.pid()), "GC.run")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!collection.waitFor(20, TimeUnit.SECONDS)) {
        collection.destroyForcibly();
        return Optional.empty();
      }
      if (collection.exitValue() != 0) {
        return Optional.empty();
      }
      double bytes = Agents.metric(agent, "jvm_memory_used_bytes{area=\"heap\"");
      double received = Agents.metric(agent, "pubsub_messages_received_total");
      return Optional.of(new Heap(Instant.now(), (long) bytes, received));
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty(); // It was killed meanwhile.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Looks at every life that was long enough. */
  synchronized List<String> judge(History history) {
    return lives.values().stream()
        .filter(Life::isLongEnough)
        .map(life -> judge(life, history))
        .toList();
  }

  static String judge(Life life, History history) {
    return "agent %d over %d s: %s, %s, %s, %s"
        .formatted(
            life.agent,
            life.length().toSeconds(),
            growth(life, "threads", Sample::threads, THREADS, history),
            growth(life, "file descriptors", Sample::files, FILES, history),
            growth(life, "sockets", Sample::sockets, FILES, history),
            heap(life, history));
  }

  /** By the median of each quarter. */
  private static String growth(
      Life life, String what, ToLongFunction<Sample> of, long slack, History history) {
    List<Long> quarters = new ArrayList<>();
    int size = life.samples.size();
    for (int i = 0; i < 4; i++) {
      quarters.add(median(life.samples.subList(size * i / 4, size * (i + 1) / 4), of));
    }
    String figure =
        what + " " + quarters.stream().map(Object::toString).collect(Collectors.joining(" -> "));
    if (quarters.get(3) > quarters.get(0) + slack) {
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
