package io.modelrefresh.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.update.Seeds;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Tries to break the promise, by a schedule of faults from a seed. {@code -Dseed=N} repeats one;
 * {@code -Psoak -Dsoak.duration=PT1H} goes on with seed after seed.
 */
@Tag("soak")
class SoakIT {

  private static final Duration SLICE = Duration.parse(System.getProperty("soak.slice", "PT3M"));

  /**
   * Seeds that have found something, before any others. The first is in every build, always the
   * same, so that a build's result says something about its changes: three agents, any of which may
   * be killed, and a lease that passes on ten times.
   */
  private static final List<Long> WORST = List.of(2L, 1L, 5L);

  private static final Duration ALL = Duration.parse(System.getProperty("soak.duration", "PT0S"));

  @Test
  @Timeout(86_400)
  void whateverFailsEveryUpdateTakesEffectAndNothingIsAcknowledgedBefore() {
    if (!NameServer.canBeChosen()) {
      Logger.getLogger(SoakIT.class)
          .warn(
              "This machine lets no process have a mount namespace (unshare), so agents cannot ask"
                  + " the name server of the soak test: changes of DNS are NOT tried.");
    }
    Instant start = Instant.now();
    boolean chosen = Long.getLong("seed") != null;
    Deque<Long> first = new ArrayDeque<>(chosen ? List.of() : WORST);
    long seed = Seeds.next();
    do {
      soak(first.isEmpty() ? seed++ : first.poll());
    } while (Instant.now().isBefore(start.plus(ALL)));
  }

  private static void soak(long seed) {
    Schedule schedule = Schedule.of(seed, SLICE);
    System.out.println("SoakIT: repeat with -Dseed=" + seed + " -Dsoak.slice=" + SLICE);
    Path directory = Path.of("target", "soak", Long.toString(seed)).toAbsolutePath();
    Soak soak = new Soak(schedule, directory);
    try (soak) {
      soak.run();
    }
    assertThat(soak.history().isClean())
        .withFailMessage(
            () ->
                "seed %d: %s%nWhat happened (the agents' logs are in %s):%n  %s"
                    .formatted(
                        seed,
                        soak.history().verdict(),
                        directory,
                        String.join("\n  ", soak.history().events())))
        .isTrue();
  }
}
