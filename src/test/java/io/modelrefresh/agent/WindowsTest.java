package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WindowsTest {

  private final Windows windows = new Windows(Duration.ofMillis(500), Duration.ofSeconds(2));

  @Test
  void noUpdateMakesNoWindow() {
    assertThat(windows.count(List.of())).isZero();
  }

  @Test
  void updatesAreOneWindowUntilNoneCameForTheQuietPeriod() {
    assertThat(windows.count(at(0, 500, 1_000))).isEqualTo(1);
    assertThat(windows.count(at(0, 501, 1_002))).isEqualTo(3);
  }

  @Test
  void aSteadyStreamMakesAWindowForEachLongestWait() {
    int[] steady = IntStream.iterate(0, millis -> millis <= 6_000, millis -> millis + 10).toArray();

    assertThat(windows.count(at(steady))).isEqualTo(3);
  }

  private static List<Instant> at(int... millis) {
    return IntStream.of(millis).mapToObj(Instant.EPOCH::plusMillis).toList();
  }
}
