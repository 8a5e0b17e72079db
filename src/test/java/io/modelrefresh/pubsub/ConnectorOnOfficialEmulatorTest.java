package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.Signals;
import io.modelrefresh.emulator.OfficialEmulator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The connector alone, in processes that are killed and frozen, against Google's official emulator:
 * whatever it had received and not acked is delivered again, and nothing is lost.
 */
@Timeout(600)
class ConnectorOnOfficialEmulatorTest {

  /** What a consumer's line begins with. */
  static final String RECEIVED = "received ";

  private static final int ACK_DEADLINE_SECONDS = 10;

  /**
   * This emulator goes on giving a frozen consumer its share, a third, of what is delivered, also
   * of what it had already and let expire: of 900 messages one is left after seven deadlines.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(180);

  private final List<Process> consumers = new ArrayList<>();
  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private final Set<String> published = new HashSet<>();
  private OfficialEmulator emulator;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws IOException {
    if (OfficialEmulator.jar().isEmpty()) {
      Logger.getLogger(ConnectorOnOfficialEmulatorTest.class).warn(OfficialEmulator.ABSENT);
    }
    assumeTrue(OfficialEmulator.jar().isPresent(), OfficialEmulator.ABSENT);
    emulator = OfficialEmulator.start(OfficialEmulator.jar().get());
    channel = ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
    PublisherGrpc.newBlockingStub(channel)
        .withWaitForReady()
        .createTopic(Topic.newBuilder().setName(PubSubTestBase.TOPIC).build());
    SubscriberGrpc.newBlockingStub(channel)
        .createSubscription(
            Subscription.newBuilder()
                .setName(PubSubTestBase.SUBSCRIPTION)
                .setTopic(PubSubTestBase.TOPIC)
                .setAckDeadlineSeconds(ACK_DEADLINE_SECONDS)
                .build());
  }

  @AfterEach
  void stop() {
    consumers.forEach(Process::destroyForcibly);
    if (emulator != null) {
      channel.shutdownNow();
      emulator.close();
    }
  }

  @Test
  void nothingIsLostWhenConsumersAreKilledAndFrozenAndTheServerIsToo() {
    Process first = consumer();
    Process second = consumer();
    publish(600);
    await().atMost(PATIENCE).until(() -> received.size() > 200);

    first.destroyForcibly();
    publish(300);
    Signals.freeze(second.pid());
    publish(300);
    Process third = consumer();
    Process fourth = consumer();
    await().atMost(PATIENCE).until(this::allReceived);
    Signals.thaw(second.pid());

    Signals.freeze(emulator.pid());
    Signals.freeze(third.pid());
    Signals.thaw(emulator.pid());
    publish(300);
    Signals.thaw(third.pid());

    await().atMost(PATIENCE).until(this::allReceived);
    await("nothing is left to be delivered for longer than a lease")
        .atMost(PATIENCE)
        .during(Duration.ofSeconds(ACK_DEADLINE_SECONDS + 5))
        .pollInterval(Duration.ofSeconds(1))
        .until(this::nothingToPull);
    System.out.printf(
        "Connector on the official emulator: %d published, %d deliveries%n",
        published.size(), received.size());
    assertThat(received.size()).as("something was delivered again").isGreaterThan(published.size());
    assertThat(List.of(second, third, fourth)).allMatch(Process::isAlive);
  }

  private Process consumer() {
    try {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx256m",
                  "-cp",
                  classPath(),
                  ConnectorMain.class.getName(),
                  emulator.address())
              .redirectErrorStream(true)
              .start();
      consumers.add(process);
      Thread reader = new Thread(() -> read(process), "consumer-output");
      reader.setDaemon(true);
      reader.start();
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of this JVM, also where its command line has only a jar that names it. */
  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private void read(Process process) {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      lines
          .lines()
          .filter(line -> line.startsWith(RECEIVED))
          .forEach(line -> received.add(line.substring(RECEIVED.length())));
    } catch (IOException | UncheckedIOException e) {
      Logger.getLogger(ConnectorOnOfficialEmulatorTest.class).debug("a consumer was killed", e);
    }
  }

  private void publish(int count) {
    PublishRequest.Builder request = PublishRequest.newBuilder().setTopic(PubSubTestBase.TOPIC);
    for (int i = 0; i < count; i++) {
      request.addMessages(PubsubMessage.newBuilder().setData(ByteString.copyFromUtf8("m" + i)));
    }
    published.addAll(
        PublisherGrpc.newBlockingStub(channel).publish(request.build()).getMessageIdsList());
  }

  private boolean allReceived() {
    return new HashSet<>(received).containsAll(published);
  }

  @SuppressWarnings("deprecation") // return_immediately is what makes "nothing there" a fast answer
  private boolean nothingToPull() {
    return SubscriberGrpc.newBlockingStub(channel)
            .pull(
                PullRequest.newBuilder()
                    .setSubscription(PubSubTestBase.SUBSCRIPTION)
                    .setMaxMessages(1)
                    .setReturnImmediately(true)
                    .build())
            .getReceivedMessagesCount()
        == 0;
  }
}
