package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.emulator.OfficialEmulator;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the dev overlay's script creates in Google's official emulator. */
class DevEmulatorTest {

  private static final String SCRIPT =
      Kustomizations.ROOT.resolve("overlays/dev-emulator/provision.sh").toString();

  @Test
  void theAgentsSubscriptionIsThereWithItsPoliciesHoweverOftenTheScriptRuns() throws Exception {
    Optional<Path> jar = OfficialEmulator.jar();
    Tool.needed(
        jar.isPresent(),
        "Google's official emulator is not on this machine: the dev overlay's script is NOT run");
    Tool.needed(
        Tool.present("bash") && Tool.present("curl"),
        "bash and curl are not on this machine: the dev overlay's script is NOT run");
    try (OfficialEmulator emulator = OfficialEmulator.start(jar.get())) {
      String project = "http://" + emulator.address() + "/v1/projects/dev";

      assertThat(Tool.run("bash", SCRIPT, project, "once")).contains("provisioned");
      assertThat(Tool.run("bash", SCRIPT, project, "once")).contains("provisioned");

      Subscription updates = subscription(emulator, "feature-updates-sub");
      assertThat(updates.getTopic()).isEqualTo("projects/dev/topics/feature-updates");
      assertThat(updates.getDeadLetterPolicy().getMaxDeliveryAttempts()).isEqualTo(100);
      assertThat(updates.getDeadLetterPolicy().getDeadLetterTopic())
          .isEqualTo("projects/dev/topics/feature-updates-dead-letter");
      assertThat(updates.getRetryPolicy().getMinimumBackoff()).isEqualTo(Durations.fromSeconds(10));
      assertThat(subscription(emulator, "feature-updates-dead-letter-sub").getTopic())
          .isEqualTo("projects/dev/topics/feature-updates-dead-letter");
    }
  }

  private static Subscription subscription(OfficialEmulator emulator, String name) {
    ManagedChannel channel =
        ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
    try {
      return SubscriberGrpc.newBlockingStub(channel)
          .getSubscription(
              GetSubscriptionRequest.newBuilder()
                  .setSubscription("projects/dev/subscriptions/" + name)
                  .build());
    } finally {
      channel.shutdownNow();
    }
  }
}
