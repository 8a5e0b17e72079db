package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.RefreshPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * When a wait ends, in milliseconds from its first and only cause, or from the first of a stream.
 */
class WaitingTest {

  private static final Instant FIRST = Instant.parse("2026-11-22T10:00:00Z");
  private static final Oldest AN_UPDATE = Oldest.NONE.with(FIRST, FIRST);

  private static RefreshPolicy policy(long quietPeriod, long maxWait) {
    return new RefreshPolicy(
        Duration.ofMillis(quietPeriod),
        Duration.ofMillis(maxWait),
        new MaxUnavailable(1, false),
        5,
        RefreshPolicy.OnStart.NEVER,
        Optional.empty());
  }

  private static long due(Waiting waiting, RefreshPolicy policy) {
    return Duration.between(FIRST, waiting.due(policy)).toMillis();
  }

  @ParameterizedTest(name = "quiet period {0}, max-wait {1}, jitter {2}: {3}")
  @CsvSource({
    "250,   2000,   0,   250",
    "250,   2000,   0.5, 275",
    "250,   2000,   1,   300",
    "250,   270,    1,   260",
    "250,   250,    1,   250",
    "0,     2000,   1,   0",
    "60000, 600000, 1,   61000",
  })
  void anUpdateWaitsForAFifthOfItsQuietPeriodMoreAtMost(
      long quietPeriod, long maxWait, double jitter, long expected) {
    Waiting waiting = new Waiting(() -> jitter);
    waiting.add(AN_UPDATE);
    waiting.add(FIRST);

    assertThat(due(waiting, policy(quietPeriod, maxWait))).isEqualTo(expected);
  }

  @ParameterizedTest(name = "quiet period {0}, max-wait {1}, jitter {2}: {3}")
  @CsvSource({
    "250, 2000, 0,   2000",
    "250, 2000, 1,   1950",
    "250, 270,  1,   260",
    "250, 250,  1,   250",
  })
  void aSteadyStreamWaitsForMaxWaitAtMost(
      long quietPeriod, long maxWait, double jitter, long expected) {
    Waiting waiting = new Waiting(() -> jitter);
    waiting.add(AN_UPDATE);
    for (int at = 0; at <= maxWait; at += 10) {
      waiting.add(FIRST.plusMillis(at));
    }

    assertThat(due(waiting, policy(quietPeriod, maxWait))).isEqualTo(expected);
  }

  @ParameterizedTest(name = "quiet period {0}, max-wait {1}, jitter {2}: {3}")
  @CsvSource({
    "250, 2000,   0, 250",
    "250, 2000,   1, 1125",
    "250, 600000, 1, 1250",
    "250, 250,    1, 250",
  })
  void whatNoUpdateWaitsForHasASecondMoreAtMost(
      long quietPeriod, long maxWait, double jitter, long expected) {
    Waiting waiting = new Waiting(() -> jitter);
    waiting.add(FIRST);

    assertThat(due(waiting, policy(quietPeriod, maxWait))).isEqualTo(expected);
  }

  @Test
  void anUpdateHurriesWhatWaitedWithoutOne() {
    Waiting waiting = new Waiting(() -> 1);
    waiting.add(FIRST);

    waiting.add(AN_UPDATE);
    waiting.add(FIRST.plusMillis(10));

    assertThat(due(waiting, policy(250, 2000))).isEqualTo(310);
  }

  @Test
  void eachWaitTakesAPartOfItsOwn() {
    double[] drawn = {0, 1};
    int[] draws = {0};
    Waiting waiting = new Waiting(() -> drawn[draws[0]++]);
    waiting.add(FIRST);
    waiting.add(FIRST);
    waiting.take();

    waiting.add(FIRST);

    assertThat(due(waiting, policy(250, 2000))).isEqualTo(1125);
  }
}
