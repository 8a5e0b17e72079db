package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * How soon the agent consumes and how much memory it takes when it is started as its image starts
 * it in the memory that {@code kubernetes/base} gives it; the README has the figures. Run with
 * {@code -Dfootprint=MIB}: fails if more than that is resident after 100,000 updates.
 */
@EnabledIfSystemProperty(named = "footprint", matches = "[0-9]+")
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
class FootprintIT {

  private static final int UPDATES = 100_000;
  private static final int STARTS = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration MOMENT = Duration.ofMillis(5);

  @TempDir Path directory;

  @Test
  void a100000UpdatesLeaveNoMoreMemoryInUseThanPromised() throws IOException {
    AgentImage image = AgentImage.of(directory).within(MemoryLimitIT.limitMebibytes());
    System.out.println("Started by " + String.join(" ", image.command()));
    try (EmbeddedPubSub emulator = EmbeddedPubSub.start();
        Topic topic = new Topic(emulator.address(), "it");
        FakeModelServer server = FakeModelServer.start().model("fraud").withoutRecording()) {
      emulator.createTopic(topic.name());
      emulator.createSubscription(topic.subscription(), topic.name());
      emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
      SubscriptionProbe subscription = emulator.probe(topic.subscription());
      for (int i = 0; i < STARTS; i++) {
        Instant begin = Instant.now();
        try (AgentProcess agent = start(image, emulator, server)) {
          // Ready is who has an open stream.
          await()
              .atMost(PATIENCE)
              .pollDelay(Duration.ZERO)
              .pollInterval(MOMENT)
              .until(() -> agent.readiness() == 200);
          long consuming = Duration.between(begin, Instant.now()).toMillis();
          System.out.printf("Start %d: %s, consuming after %d ms%n", i, startUp(agent), consuming);
        }
      }

      try (AgentProcess agent = start(image, emulator, server).awaitReady()) {
        Resident idle = Resident.of(agent);
        topic.updates("payments", UPDATES);
        await().atMost(PATIENCE).until(() -> subscription.ackedCount() >= UPDATES);
        Resident after = Resident.of(agent);
        System.out.printf("Resident: %s idle, %s after %d updates%n", idle, after, UPDATES);

        assertThat(after.mebibytes()).as("MiB").isLessThanOrEqualTo(Long.getLong("footprint"));
      }
    }
  }

  private static AgentProcess start(
      AgentImage image, EmbeddedPubSub emulator, FakeModelServer server) {
    return image.start(
        emulator.address(),
        Map.of(
            "model-refresh.models.fraud.feature-views", "payments",
            "model-refresh.models.fraud.server.protocol", "open-inference",
            "model-refresh.models.fraud.server.replicas", server.address()));
  }

  /** What it says itself, {@code started in 0.123s}, counted from the start of its process. */
  private static String startUp(AgentProcess agent) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> agent.log().stream().filter(line -> line.contains("started in ")).findFirst(),
            Optional::isPresent)
        .orElseThrow()
        .replaceFirst(".*(started in [0-9.]+s).*", "$1");
  }

  /**
   * What a process has in memory.
   *
   * @param ofFiles what of it is mapped from files, and shared with others that map them
   */
  private record Resident(long mebibytes, long ofFiles) {

    static Resident of(AgentProcess agent) throws IOException {
      List<String> status = Files.readAllLines(Path.of("/proc/" + agent.pid() + "/status"));
      return new Resident(mebibytes(status, "VmRSS:"), mebibytes(status, "RssFile:"));
    }

    private static long mebibytes(List<String> status, String what) {
      return status.stream()
          .filter(line -> line.startsWith(what))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
          .findFirst()
          .orElseThrow();
    }

    @Override
    public String toString() {
      return "%d MiB (%d of them of files)".formatted(mebibytes, ofFiles);
    }
  }
}
