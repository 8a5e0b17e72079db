package io.modelrefresh.emulator;

import static io.modelrefresh.emulator.PubSubClient.data;
import static io.modelrefresh.emulator.PubSubClient.keyed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Durations;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.Subscription;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only the embedded emulator has: faults, restarts, a clock of one's own, looking inside. */
class EmbeddedPubSubTest {

  private static final String TOPIC = "projects/test/topics/updates";
  private static final String SUBSCRIPTION = "projects/test/subscriptions/updates-sub";

  private final SettableClock clock = new SettableClock();
  private EmbeddedPubSub emulator;
  private SubscriptionProbe probe;
  private PubSubClient client;

  @BeforeEach
  void start() {
    emulator = EmbeddedPubSub.start("127.0.0.1", 0, clock);
    emulator.createTopic(TOPIC);
    emulator.createSubscription(SUBSCRIPTION, TOPIC);
    probe = emulator.probe(SUBSCRIPTION);
    client = new PubSubClient(emulator.address());
  }

  @AfterEach
  void stop() {
    client.close();
    emulator.close();
  }

  // ---- looking inside

  @Test
  void aProbeCountsWhatIsUnackedLeasedAndAcked() {
    client.publish(TOPIC, "a", "b", "c");

    List<ReceivedMessage> leased = client.pull(SUBSCRIPTION, 2);
    assertThat(probe.backlog()).isEqualTo(3);
    assertThat(probe.outstanding()).isEqualTo(2);

    client.acknowledge(SUBSCRIPTION, leased.subList(1, 2));
    assertThat(probe.backlog()).isEqualTo(2);
    assertThat(probe.outstanding()).isEqualTo(1);
    assertThat(probe.ackedCount()).isEqualTo(1);
    assertThat(probe.ackedMessageIds()).containsExactly(leased.get(1).getMessage().getMessageId());
  }

  @Test
  void creatingWhatIsThereChangesNothing() {
    client.publish(TOPIC, "a");

    emulator.createTopic(TOPIC);
    emulator.createSubscription(SUBSCRIPTION, TOPIC);

    assertThat(probe.backlog()).isEqualTo(1);
  }

  @Test
  void aPortInUseIsNamed() {
    assertThatThrownBy(() -> EmbeddedPubSub.start("127.0.0.1", emulator.port()))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(emulator.address());
  }

  // ---- time

  @Test
  void aLeaseExpiresByTheClock() {
    client.publish(TOPIC, "a");
    client.pull(SUBSCRIPTION, 1);

    clock.advance(Duration.ofMillis(9_900));
    assertThat(client.pullNow(SUBSCRIPTION, 1)).isEmpty();

    clock.advance(Duration.ofMillis(200));
    assertThat(data(client.pull(SUBSCRIPTION, 1))).containsExactly("a");
  }

  @Test
  void theBackoffDoublesWithEachFailureUpToItsMaximum() {
    String subscription = withBackoff(Duration.ofSeconds(10), Duration.ofSeconds(30));
    client.publish(TOPIC, "a");

    for (int seconds : List.of(10, 20, 30, 30)) {
      client.nack(subscription, client.pull(subscription, 1).get(0));
      clock.advance(Duration.ofSeconds(seconds).minusMillis(100));
      assertThat(client.pullNow(subscription, 1)).isEmpty();
      clock.advance(Duration.ofMillis(200));
    }
    assertThat(data(client.pull(subscription, 1))).containsExactly("a");
  }

  @Test
  void aKeyWaitsForItsFailedMessageWhileOtherKeysFlow() {
    String subscription =
        client.createSubscription(
            Subscription.newBuilder()
                .setTopic(TOPIC)
                .setEnableMessageOrdering(true)
                .setRetryPolicy(backoff(Duration.ofSeconds(10), Duration.ofSeconds(10))));
    client.publish(TOPIC, List.of(keyed("k", "a"), keyed("k", "b")));

    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 2);
      stream.nack(stream.messages().get(0));
      await().until(() -> emulator.probe(subscription).outstanding() == 0);

      client.publish(TOPIC, List.of(keyed("k", "c"), keyed("other", "z")));
      await().until(() -> stream.messages().size() == 3);
      assertThat(stream.data()).containsExactly("a", "b", "z");

      clock.advance(Duration.ofSeconds(11));
      await().until(() -> stream.messages().size() == 6);
      assertThat(stream.data()).containsExactly("a", "b", "z", "a", "b", "c");
    }
  }

  @Test
  void aRedeliveryRepeatsLaterMessagesOfItsKeyThatWereAcked() {
    String subscription =
        client.createSubscription(
            Subscription.newBuilder().setTopic(TOPIC).setEnableMessageOrdering(true));
    client.publish(TOPIC, List.of(keyed("k", "a"), keyed("k", "b")));

    try (var stream = OpenStream.open(client, subscription)) {
      await().until(() -> stream.messages().size() == 2);
      client.acknowledge(subscription, List.of(stream.messages().get(1)));
      client.nack(subscription, stream.messages().get(0));

      await().until(() -> stream.messages().size() == 4);
      assertThat(stream.data()).containsExactly("a", "b", "a", "b");
    }
  }

  // ---- faults

  @Test
  void cutStreamsEndWithTheStatusGiven() {
    try (var stream = open()) {
      int cut = emulator.faults().cutStreams(Status.UNAVAILABLE);

      await().until(() -> stream.endCode().isPresent());
      assertThat(cut).isEqualTo(1);
      assertThat(stream.endCode()).contains(Status.Code.UNAVAILABLE);
      assertThat(probe.openStreams()).isZero();
    }
  }

  @Test
  void aDeniedResourceIsDeniedUntilItIsAllowedAndItsStreamsEnd() {
    try (var stream = open()) {
      emulator.faults().deny(SUBSCRIPTION);

      await().until(() -> stream.endCode().isPresent());
      assertThat(stream.endCode()).contains(Status.Code.PERMISSION_DENIED);
      assertThat(codeOf(() -> client.pullNow(SUBSCRIPTION, 1)))
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      client.publish(TOPIC, "a");

      emulator.faults().allow(SUBSCRIPTION);
      assertThat(data(client.pull(SUBSCRIPTION, 1))).containsExactly("a");
    }
  }

  @Test
  void aDeniedMethodIsDeniedUntilItIsAllowed() {
    emulator.faults().deny("Publish");
    assertThat(codeOf(() -> client.publish(TOPIC, "a"))).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(client.pullNow(SUBSCRIPTION, 1)).isEmpty();

    emulator.faults().allow("Publish");
    client.publish(TOPIC, "a");
    assertThat(probe.backlog()).isEqualTo(1);
  }

  @Test
  void aDeniedStreamingPullEndsStreamsAndRefusesNewOnes() {
    try (var before = open()) {
      emulator.faults().deny("StreamingPull");

      await().until(() -> before.endCode().equals(denied()));
      try (var after = OpenStream.open(client, SUBSCRIPTION)) {
        await().until(() -> after.endCode().equals(denied()));
      }
    }
  }

  @Test
  void aDelayedCallWaits() {
    emulator.faults().delay("Publish", Duration.ofMinutes(1));
    assertThat(
            codeOf(
                () ->
                    client
                        .publisher
                        .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                        .publish(
                            PublishRequest.newBuilder()
                                .setTopic(TOPIC)
                                .addMessages(PubSubClient.message("a"))
                                .build())))
        .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(probe.backlog()).isZero();

    emulator.faults().delay("Publish", Duration.ZERO);
    client.publish(TOPIC, "a");
    assertThat(probe.backlog()).isEqualTo(1);
  }

  @Test
  void droppedAcksAreAcceptedAndForgotten() {
    client.publish(TOPIC, "a");
    emulator.faults().dropAcks(1);

    client.acknowledge(SUBSCRIPTION, client.pull(SUBSCRIPTION, 1));
    assertThat(probe.ackedCount()).isZero();

    clock.advance(Duration.ofSeconds(11));
    client.acknowledge(SUBSCRIPTION, client.pull(SUBSCRIPTION, 1));
    assertThat(probe.ackedCount()).isEqualTo(1);
    assertThat(probe.backlog()).isZero();
  }

  @Test
  void allAcksAreDroppedUntilThatIsLifted() {
    client.publish(TOPIC, "a", "b");
    List<ReceivedMessage> received = client.pull(SUBSCRIPTION, 2);
    emulator.faults().dropAllAcks();

    client.acknowledge(SUBSCRIPTION, received);
    client.acknowledge(SUBSCRIPTION, received);
    assertThat(probe.backlog()).isEqualTo(2);

    emulator.faults().clear();
    client.acknowledge(SUBSCRIPTION, received);
    assertThat(probe.backlog()).isZero();
  }

  @Test
  void aHalfOpenStreamIsAcceptedAndSilent() {
    emulator.faults().halfOpen(true);
    try (var stream = open()) {
      stream.send(StreamingPullRequest.newBuilder());
      for (int i = 0; i < 100; i++) {
        client.publish(TOPIC, "m" + i);
      }

      List<ReceivedMessage> pulled = client.pull(SUBSCRIPTION, 100);
      assertThat(pulled).hasSize(100);
      assertThat(stream.responses()).isEmpty();

      client.nack(SUBSCRIPTION, pulled.get(0));
      emulator.faults().halfOpen(false);
      await().until(() -> stream.data().equals(List.of("m0")));
    }
  }

  // ---- restarts

  @Test
  void aRestartWithItsStateCutsStreamsAndRedeliversWhatWasLeased() {
    client.publish(TOPIC, "a", "b", "c");
    client.acknowledge(SUBSCRIPTION, client.pull(SUBSCRIPTION, 1));
    try (var stream = open()) {
      await().until(() -> stream.messages().size() == 2);
      int port = emulator.port();

      emulator.restart(true);

      await().until(() -> stream.endCode().isPresent());
      assertThat(stream.endCode()).contains(Status.Code.UNAVAILABLE);
      assertThat(emulator.port()).isEqualTo(port);
      assertThat(probe.outstanding()).isZero();
      assertThat(probe.backlog()).isEqualTo(2);
    }
    try (var reconnected = new PubSubClient(emulator.address());
        var stream = OpenStream.open(reconnected, SUBSCRIPTION)) {
      await().until(() -> stream.messages().size() == 2);
      assertThat(stream.data()).containsExactly("b", "c");
    }
  }

  @Test
  void aRestartWithoutItsStateKnowsNothing() {
    String before = client.publish(TOPIC, "a");

    emulator.restart(false);

    try (var reconnected = new PubSubClient(emulator.address())) {
      assertThat(codeOf(() -> reconnected.pullNow(SUBSCRIPTION, 1)))
          .isEqualTo(Status.Code.NOT_FOUND);
      emulator.createTopic(TOPIC);
      assertThat(reconnected.publish(TOPIC, "a")).isNotEqualTo(before);
    }
  }

  // ---- the main class

  @Test
  void theMainClassCreatesWhatItIsTold() {
    try (EmbeddedPubSub started =
            EmulatorMain.start(
                "--port", "0", "--topic", TOPIC, "--subscription", SUBSCRIPTION + ":" + TOPIC);
        var other = new PubSubClient(started.address())) {
      other.publish(TOPIC, "a");

      assertThat(data(other.pull(SUBSCRIPTION, 1))).containsExactly("a");
    }
  }

  @Test
  void theMainClassNamesWhatIsWrong() {
    assertThatThrownBy(() -> EmulatorMain.start("--prot", "1")).hasMessageContaining("--prot");
    assertThatThrownBy(() -> EmulatorMain.start("--port")).hasMessageContaining("--port");
    assertThatThrownBy(() -> EmulatorMain.start("--port", "x")).hasMessageContaining("--port x");
    assertThatThrownBy(() -> EmulatorMain.start("--port", "0", "--topic", "t"))
        .hasMessageContaining("name=t");
    assertThatThrownBy(() -> EmulatorMain.start("--subscription", "s"))
        .hasMessageContaining("--subscription s");
  }

  private OpenStream open() {
    var stream = OpenStream.open(client, SUBSCRIPTION);
    await().until(() -> probe.openStreams() == 1);
    return stream;
  }

  private String withBackoff(Duration min, Duration max) {
    return client.createSubscription(
        Subscription.newBuilder().setTopic(TOPIC).setRetryPolicy(backoff(min, max)));
  }

  private static RetryPolicy backoff(Duration min, Duration max) {
    return RetryPolicy.newBuilder()
        .setMinimumBackoff(Durations.fromMillis(min.toMillis()))
        .setMaximumBackoff(Durations.fromMillis(max.toMillis()))
        .build();
  }

  private static Optional<Status.Code> denied() {
    return Optional.of(Status.Code.PERMISSION_DENIED);
  }

  private static Status.Code codeOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
    return Status.Code.OK;
  }

  /** Stands still until it is advanced. Set by the test's thread, read by the emulator's. */
  private static final class SettableClock extends Clock {

    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void advance(Duration duration) {
      now = now.plus(duration);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
