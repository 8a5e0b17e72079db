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
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * How soon the packaged agent consumes and how much memory it takes, as the README has it. Run with
 * {@code -Dfootprint=MIB}: fails if more than that is resident after 100,000 updates.
 */
@EnabledIfSystemProperty(named = "footprint", matches = "[0-9]+")
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
class FootprintIT {

  private static final int UPDATES = 100_000;
  private static final int STARTS = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @Test
  void a100000UpdatesLeaveNoMoreMemoryInUseThanPromised() throws IOException {
    try (EmbeddedPubSub emulator = EmbeddedPubSub.start();
        Topic topic = new Topic(emulator.address(), "it");
        FakeModelServer server = FakeModelServer.start().model("fraud").withoutRecording()) {
      emulator.createTopic(topic.name());
      emulator.createSubscription(topic.subscription(), topic.name());
      SubscriptionProbe subscription = emulator.probe(topic.subscription());
      for (int i = 0; i < STARTS; i++) {
        try (AgentProcess agent = start(emulator, server)) {
          System.out.println("Start " + (i + 1) + ": " + startUp(agent));
        }
      }

      try (AgentProcess agent = start(emulator, server)) {
        long idle = residentMebibytes(agent);
        topic.updates("payments", UPDATES);
        await().atMost(PATIENCE).until(() -> subscription.ackedCount() >= UPDATES);
        long after = residentMebibytes(agent);
        System.out.printf("Resident: %d MiB idle, %d MiB after %d updates%n", idle, after, UPDATES);

        assertThat(after).as("MiB").isLessThanOrEqualTo(Long.getLong("footprint"));
      }
    }
  }

  private static AgentProcess start(EmbeddedPubSub emulator, FakeModelServer server) {
    return AgentProcess.start(
            emulator.address(),
            Map.of(
                "model-refresh.models.fraud.feature-views", "payments",
                "model-refresh.models.fraud.server.protocol", "open-inference",
                "model-refresh.models.fraud.server.replicas", server.address()))
        .awaitReady();
  }

  /** What it says itself, {@code started in 0.123s}, counted from the start of its process. */
  private static String startUp(AgentProcess agent) {
    return agent.log().stream()
        .filter(line -> line.contains("started in "))
        .findFirst()
        .orElseThrow()
        .replaceFirst(".*(started in [0-9.]+s).*", "$1");
  }

  private static long residentMebibytes(AgentProcess agent) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + agent.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }
}
