package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.pubsub.v1.PubsubMessage;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.serving.FakeModelServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The agent in the memory that {@code kubernetes/base} gives it, under what takes the most. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
class MemoryLimitIT {

  private static final Path DEPLOYMENT = Path.of("kubernetes/base/deployment.yaml");

  private static final int MODELS = 150;
  private static final int UPDATES_A_VIEW = 3;
  private static final int UPDATE_BYTES = 1_000_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path directory;

  @Test
  void aBacklogOfTheLargestUpdatesWhileServersHangFitsInItAndIsAllRefreshed() throws IOException {
    long limit = limitMebibytes();
    try (EmbeddedPubSub emulator = EmbeddedPubSub.start();
        Topic topic = new Topic(emulator.address(), "it");
        FakeModelServer server = FakeModelServer.start()) {
      emulator.createTopic(topic.name());
      emulator.createSubscription(topic.subscription(), topic.name());
      emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
      SubscriptionProbe subscription = emulator.probe(topic.subscription());
      List<String> published = new ArrayList<>();
      server.gateLoads();
      try (AgentProcess agent = start(limit, emulator, server).awaitReady()) {
        for (int i = 0; i < UPDATES_A_VIEW; i++) {
          for (int view = 0; view < MODELS; view++) {
            published.addAll(topic.publish(List.of(large("view_" + view, i))));
          }
        }
        await("it has received what it may hold")
            .atMost(PATIENCE)
            .until(() -> subscription.outstanding() * (long) UPDATE_BYTES >= 60_000_000);
        server.releaseLoads();

        await("everything published is acked")
            .atMost(PATIENCE)
            .until(
                () ->
                    !agent.isAlive()
                        || new HashSet<>(subscription.ackedMessageIds()).containsAll(published));

        assertThat(agent.isAlive()).as(() -> String.join("\n", agent.log())).isTrue();
        assertThat(String.join("\n", agent.log())).doesNotContain("OutOfMemoryError");
        long peak = peakMebibytes(agent);
        System.out.printf(
            "MemoryLimitIT: %d MiB at most of %d, %d updates of %d bytes%n",
            peak, limit, published.size(), UPDATE_BYTES);
        assertThat(peak).as("MiB").isLessThan(limit);
      }
    }
  }

  // ---- Given ----

  static long limitMebibytes() throws IOException {
    Deployment deployment = Serialization.unmarshal(Files.readString(DEPLOYMENT), Deployment.class);
    Quantity limit =
        deployment
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .get(0)
            .getResources()
            .getLimits()
            .get("memory");
    return limit.getNumericalAmount().longValueExact() >> 20;
  }

  private AgentProcess start(long limit, EmbeddedPubSub emulator, FakeModelServer server)
      throws IOException {
    Map<String, String> configuration = new HashMap<>();
    for (int i = 0; i < MODELS; i++) {
      server.model("m" + i);
      String key = "model-refresh.models.m" + i + ".";
      configuration.put(key + "feature-views", "view_" + i);
      configuration.put(key + "server.protocol", "open-inference");
      configuration.put(key + "server.replicas", server.address());
      configuration.put(key + "server.timeout", "60s");
    }
    return AgentImage.of(directory).within(limit).start(emulator.address(), configuration);
  }

  /** Of half of them the text is one long value, of the others very many short ones. */
  private static PubsubMessage large(String view, int number) {
    String keys;
    if (number % 2 == 0) {
      keys = "{\"id\": \"" + "x".repeat(UPDATE_BYTES - 100) + "\"}";
    } else {
      keys =
          IntStream.range(0, UPDATE_BYTES / 10)
              .mapToObj(i -> "{\"i\": " + i % 10 + "}")
              .collect(Collectors.joining(","));
    }
    return Topic.message("{\"feature_view\": \"" + view + "\", \"entity_keys\": [" + keys + "]}");
  }

  // ---- Then ----

  private static long peakMebibytes(AgentProcess agent) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + agent.pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .findFirst()
        .orElseThrow();
  }
}
