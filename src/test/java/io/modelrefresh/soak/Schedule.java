package io.modelrefresh.soak;

import io.modelrefresh.soak.Fault.Kind;
import io.modelrefresh.soak.Fault.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What goes wrong, and when: all of it drawn from the seed before anything is started, so that the
 * same seed is the same schedule.
 *
 * @param agents how many there are
 * @param lease whether they compete for one
 * @param survivor whether agent 0 is never killed, so that it can be seen whether it leaks
 */
record Schedule(
    long seed,
    Duration length,
    int agents,
    boolean lease,
    boolean survivor,
    Duration maxAckExtension,
    List<Fault> faults) {

  /** How long the holder of the lease may be silent. */
  static final Duration LEASE = Duration.ofSeconds(8);

  /** An agent that was started gets some time of life, mostly. */
  private static final int LIFE_MILLIS = 15_000;

  private static final Set<Kind> ENDS_AGENTS = EnumSet.of(Kind.KILL_AGENT, Kind.TERMINATE_AGENT);

  static Schedule of(long seed, Duration length) {
    Random random = random(seed, "schedule");
    boolean lease = random.nextBoolean();
    boolean survivor = !lease || random.nextBoolean();
    int agents = 2 + random.nextInt(2);
    Duration extension = Duration.ofSeconds(random.nextBoolean() ? 15 : 3_600);
    List<Fault> drawn = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (lease || kind != Kind.SEIZE_LEASE) {
        drawn.addAll(drawn(kind, agents, length, random(seed, kind.name())));
      }
    }
    drawn.sort(Comparator.comparing(Fault::at));
    drawn.removeIf(fault -> lease && survivor && fault.kind() == Kind.SEIZE_LEASE);
    drawn.removeIf(fault -> survivor && fault.target() == 0 && ENDS_AGENTS.contains(fault.kind()));
    drawn.removeIf(
        fault -> lease && survivor && fault.target() == 0 && fault.kind() == Kind.FREEZE_AGENT);
    return new Schedule(
        seed, length, agents, lease, survivor, extension, withoutOverlaps(drawn, random));
  }

  /** What is drawn for one thing says nothing about another, and stays when others are added. */
  static Random random(long seed, String thing) {
    // What Random draws first is much the same for seeds that are near each other.
    return new Random(new SplittableRandom(seed + ((long) thing.hashCode() << 32)).nextLong());
  }

  private static List<Fault> drawn(Kind kind, int agents, Duration length, Random random) {
    List<Fault> faults = new ArrayList<>();
    double seconds = 0;
    while (true) {
      seconds -= Math.log(1 - random.nextDouble()) * kind.meanSeconds;
      int lasts = kind.atLeastMillis + random.nextInt(kind.atMostMillis - kind.atLeastMillis + 1);
      int target = random.nextInt(targets(kind, agents));
      Fault fault =
          new Fault(
              Duration.ofMillis((long) (seconds * 1_000)),
              kind,
              target,
              random.nextInt(1_000),
              Duration.ofMillis(lasts));
      if (fault.until().compareTo(length) > 0) {
        return faults;
      }
      faults.add(fault);
    }
  }

  private static int targets(Kind kind, int agents) {
    return switch (kind.scope) {
      case AGENT -> agents;
      case SERVER -> kind == Kind.REPLICA_LEAVES ? Fleet.LEAVING_REPLICAS : Fleet.REPLICAS;
      case NAME -> Fleet.NAMES;
      default -> 1;
    };
  }

  /** Of two that would concern the same at once, the later is dropped. */
  private static List<Fault> withoutOverlaps(List<Fault> faults, Random random) {
    Map<String, Duration> busyUntil = new HashMap<>();
    List<Fault> kept = new ArrayList<>();
    for (Fault fault : faults) {
      String key = key(fault);
      if (fault.kind().scope == Scope.STREAM
          || fault.at().compareTo(busyUntil.getOrDefault(key, Duration.ZERO)) >= 0) {
        kept.add(fault);
        boolean ends = ENDS_AGENTS.contains(fault.kind());
        busyUntil.put(
            key, fault.until().plusMillis(ends ? random.nextInt(LIFE_MILLIS) + 1_000 : 500));
      }
    }
    return List.copyOf(kept);
  }

  private static String key(Fault fault) {
    int target =
        fault.kind() == Kind.REPLICA_LEAVES ? Fleet.leaving(fault.target()) : fault.target();
    return fault.kind().scope + "/" + target;
  }

  @Override
  public String toString() {
    return "seed %d: %d agents, %s, %s, leases of messages extended for %d s, %d faults in %d s"
        .formatted(
            seed,
            agents,
            lease ? "with a lease" : "without a lease",
            survivor ? "the first is never killed" : "any may be killed",
            maxAckExtension.toSeconds(),
            faults.size(),
            length.toSeconds());
  }
}
