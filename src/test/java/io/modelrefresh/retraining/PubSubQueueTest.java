package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.catalog.RetrainingTarget.PubSub;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.pubsub.TestPublisher;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PubSubQueueTest extends QueueScenarios {

  private static final String TOPIC =
      "projects/" + TestPublisher.PROJECT + "/topics/retraining-jobs";
  private static final String SUBSCRIPTION =
      "projects/" + TestPublisher.PROJECT + "/subscriptions/retraining-jobs-sub";

  private EmbeddedPubSub emulator = EmbeddedPubSub.start();
  private final TestPublisher publisher = new TestPublisher(emulator);
  private final ManagedChannel channel =
      ManagedChannelBuilder.forTarget(emulator.address()).usePlaintext().build();
  private final List<PubsubMessage> received = new ArrayList<>();
  private volatile Duration timeout = Duration.ofSeconds(20);

  @BeforeEach
  void createTopic() {
    emulator.createTopic(TOPIC);
    emulator.createSubscription(
        Subscription.newBuilder()
            .setName(SUBSCRIPTION)
            .setTopic(TOPIC)
            .setAckDeadlineSeconds(600)
            .build());
  }

  @AfterEach
  void close() {
    publisher.close();
    channel.shutdownNow();
    emulator.close();
  }

  @Override
  PubSub target() {
    return new PubSub("retraining-jobs");
  }

  @Override
  RetrainingQueue queue() {
    return new PubSubQueue(publisher.publisher(), target().topic(), timeout);
  }

  @Override
  List<String> jobs() {
    return messages().stream().map(message -> message.getAttributesOrThrow("ce-id")).toList();
  }

  @SuppressWarnings("deprecation") // return_immediately: discouraged, since it may miss some
  private List<PubsubMessage> messages() {
    SubscriberGrpc.newBlockingStub(channel)
        .pull(
            PullRequest.newBuilder()
                .setSubscription(SUBSCRIPTION)
                .setMaxMessages(100)
                .setReturnImmediately(true)
                .build())
        .getReceivedMessagesList()
        .stream()
        .map(ReceivedMessage::getMessage)
        .forEach(received::add);
    return received;
  }

  @Override
  void down() {
    timeout = Duration.ofMillis(300);
    emulator.close();
  }

  @Override
  void up() {
    emulator = EmbeddedPubSub.start("127.0.0.1", emulator.port());
    createTopic();
  }

  @Override
  void forbid(boolean forbidden) {
    if (forbidden) {
      emulator.faults().deny("Publish");
    } else {
      emulator.faults().allow("Publish");
    }
  }

  @Override
  void assertForbidden(String problem) {
    assertThat(problem)
        .startsWith("topic retraining-jobs: did not take the job")
        .contains("pubsub.topics.publish");
  }

  @Override
  void stall() {
    timeout = Duration.ofMillis(300);
    emulator.faults().delay("Publish", Duration.ofSeconds(2));
  }

  @Override
  void release() {
    timeout = Duration.ofSeconds(20);
    emulator.faults().clear();
  }

  @Override
  Outcome outcomeOfASecondAttempt() {
    return Outcome.CREATED;
  }

  @Test
  void theMessageIsACloudEventNamedAsTheJobAndOrderedByModel() {
    assertThat(queue().enqueue(job()).await().atMost(Duration.ofSeconds(30)))
        .isEqualTo(Enqueued.taken());

    PubsubMessage message = messages().get(0);
    assertThat(message.getAttributesMap())
        .containsEntry("ce-id", name())
        .containsEntry("ce-type", PubSubQueue.TYPE)
        .containsEntry("ce-specversion", "1.0")
        .containsEntry("ce-subject", "fraud")
        .containsEntry("content-type", "application/json")
        .containsEntry("ce-traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assertThat(message.getOrderingKey()).isEqualTo("fraud");
    JsonObject data = new JsonObject(message.getData().toStringUtf8());
    assertThat(data.getString("name")).isEqualTo(name());
    assertThat(data.getString("reason")).isEqualTo("schema");
    assertThat(data.getString("window")).isEqualTo(PUBLISHED.toString());
  }

  @Test
  void aDuplicateHasTheSameIdByWhichItsConsumerKnowsIt() {
    for (int i = 0; i < 2; i++) {
      assertThat(queue().enqueue(job()).await().atMost(Duration.ofSeconds(30)))
          .as("what the topic has it does not tell")
          .isEqualTo(Enqueued.taken());
    }

    assertThat(jobs()).containsExactly(name(), name());
  }

  @Test
  void aTopicThatIsNotThereIsNamedWithItsRemedy() {
    EnqueueFailedException failure =
        catchThrowableOfType(
            EnqueueFailedException.class,
            () ->
                new PubSubQueue(publisher.publisher(), "gone", timeout)
                    .enqueue(job())
                    .await()
                    .atMost(Duration.ofSeconds(30)));

    assertThat(failure)
        .hasMessageStartingWith("topic gone: did not take the job; create the topic");
  }
}
