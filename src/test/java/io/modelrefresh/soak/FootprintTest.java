package io.modelrefresh.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.soak.Footprint.Heap;
import io.modelrefresh.soak.Footprint.Life;
import io.modelrefresh.soak.Footprint.Sample;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What grows in three minutes is found; what goes up and down is not. */
class FootprintTest {

  private static final Instant BEGIN = Instant.parse("2026-11-26T10:00:00Z");
  private static final int SECONDS = 180;
  private static final int MESSAGES_A_SECOND = 50;

  @TempDir private Path directory;

  private final Random random = new Random(1);
  private final Life life = new Life(0, BEGIN);
  private History history;

  @BeforeEach
  void begin() {
    history = new History(directory.resolve("history.txt"));
  }

  @Test
  void noiseIsNoGrowth() {
    for (int second = 0; second < SECONDS; second++) {
      sample(second, 40 + random.nextInt(8), 340 + random.nextInt(30), 40 + random.nextInt(30));
    }

    assertThat(violations()).isEmpty();
  }

  @Test
  void whatAStartTakesIsNoGrowth() {
    for (int second = 0; second < SECONDS; second++) {
      boolean starting = second < 20;
      sample(second, starting ? 10 : 40, starting ? 200 : 340, starting ? 5 : 45);
    }

    assertThat(violations()).isEmpty();
  }

  @Test
  void aFewSamplesAtTheEndAreNotEnough() {
    for (int second = SECONDS - 3; second < SECONDS; second++) {
      sample(second, 40, 340, 40);
    }
    assertThat(life.isLongEnough()).isFalse();

    for (int second = 0; second < SECONDS; second++) {
      sample(second, 40, 340, 40);
    }
    assertThat(life.isLongEnough()).isTrue();
  }

  @Test
  void aConnectionLeftOpenEveryThreeSecondsIsFound() {
    for (int second = 0; second < SECONDS; second++) {
      sample(second, 40, 340 + second / 3, 40 + second / 3);
    }

    assertThat(violations())
        .hasSize(2)
        .anyMatch(found -> found.startsWith("agent 0 grows: file descriptors"))
        .anyMatch(found -> found.startsWith("agent 0 grows: sockets"));
  }

  @Test
  void aThreadLeftBehindEveryTenSecondsIsFound() {
    for (int second = 0; second < SECONDS; second++) {
      sample(second, 40 + second / 10, 340, 40);
    }

    assertThat(violations()).singleElement().asString().startsWith("agent 0 grows: threads");
  }

  @Test
  void whatAnAgentRemembersOfMessagesIsNoGrowth() {
    heaps(Footprint.BYTES_PER_MESSAGE);

    assertThat(violations()).isEmpty();
  }

  @Test
  void messagesThatAreKeptAreFound() {
    heaps(2_000);

    assertThat(violations()).singleElement().asString().startsWith("agent 0 grows: heap");
  }

  private void heaps(long bytesAMessage) {
    for (int second = 0; second < SECONDS; second++) {
      sample(second, 40, 340, 40);
      long received = (long) second * MESSAGES_A_SECOND;
      long bytes = (30L << 20) + received * bytesAMessage + random.nextInt(4 << 20);
      life.add(new Heap(BEGIN.plusSeconds(second), bytes, received));
    }
  }

  private void sample(int second, int threads, int files, int sockets) {
    life.add(new Sample(BEGIN.plusSeconds(second), threads, files, sockets));
  }

  private List<String> violations() {
    Footprint.judge(life, history);
    return history.violations();
  }
}
