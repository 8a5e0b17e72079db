package io.modelrefresh.agent;

import static io.modelrefresh.agent.ModelFleet.serversOf;
import static io.modelrefresh.agent.ModelFleet.viewOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.serving.FakeModelServer.Load;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Pub/Sub fails in the ways it does. Whatever happens, every update published ends acked, and every
 * replica has loaded since the last of them.
 */
@QuarkusTest
@WithTestResource(ModelFleet.class)
class OutageTest {

  private static final String MODEL = "outage";
  private static final Duration RECOVERY = Duration.ofSeconds(60);

  @Inject EmbeddedPubSub emulator;
  @Inject Lanes lanes;

  private final List<String> published = new ArrayList<>();
  private PublishTimes publishTimes;
  private Instant lastPublished = Instant.MIN;
  private Topic topic;
  private SubscriptionProbe subscription;

  @BeforeEach
  void given() {
    topic = new Topic(emulator.address(), "dev");
    subscription = emulator.probe(topic.subscription());
    publishTimes = PublishTimes.of(emulator, topic.subscription());
    awaitReady();
  }

  @AfterEach
  void recover() {
    emulator.faults().clear();
    emulator.createSubscription(topic.subscription(), topic.name());
    topic.close();
    awaitReady();
  }

  @Test
  void aStreamCutAgainAndAgainLosesNothing() {
    for (int i = 0; i < 20; i++) {
      publish(50);
      emulator.faults().cutStreams(Status.UNAVAILABLE.withDescription("cut by the test"));
    }

    assertNothingLost();
  }

  @Test
  void aPermissionDeniedThenGrantedLosesNothingAndTheProbeNamesTheRemedy() {
    emulator.faults().deny(topic.subscription());
    emulator.faults().cutStreams(Status.PERMISSION_DENIED.withDescription("denied by the test"));
    publish(50);

    await()
        .atMost(RECOVERY)
        .untilAsserted(
            () ->
                assertThat(readiness())
                    .contains("not allowed to consume", "--role=roles/pubsub.subscriber"));
    RestAssured.get(management("/q/health/live")).then().statusCode(200);
    emulator.faults().allow(topic.subscription());

    awaitReady();
    assertNothingLost();
  }

  @Test
  void lostAcksLoseNothing() {
    emulator.faults().dropAcks(10);
    publish(100);

    assertNothingLost();
  }

  @Test
  void anEmulatorRestartedWithItsStateLosesNothing() {
    publish(100);
    emulator.restart(true);
    publish(100);

    assertNothingLost();
  }

  @Test
  void aSubscriptionDeletedAndCreatedAgainIsConsumedAndEveryModelIsRefreshedOnce() {
    topic.deleteSubscription();
    await()
        .atMost(RECOVERY)
        .untilAsserted(
            () ->
                assertThat(readiness())
                    .contains("does not exist", "gcloud pubsub subscriptions create"));
    Instant deleted = Instant.now();

    topic.createSubscription();

    awaitReady();
    await()
        .atMost(RECOVERY)
        .untilAsserted(
            () ->
                lanes
                    .statuses()
                    .forEach(
                        status ->
                            assertThat(status.lastSuccess())
                                .as(status.model())
                                .hasValueSatisfying(
                                    success -> assertThat(success).isAfter(deleted))));
    assertThat(
            serversOf(MODEL).get(0).loads(MODEL).stream()
                .map(Load::startedAt)
                .filter(deleted::isBefore))
        .hasSize(1);
    publishTimes = PublishTimes.of(emulator, topic.subscription());
    publish(10);
    assertNothingLost();
  }

  /** A restart ends the publisher's connection too, which may show only when it is used. */
  private void publish(int count) {
    List<String> ids =
        await("the updates are published")
            .ignoreExceptionsMatching(
                failure -> Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE)
            .until(() -> topic.updates(viewOf(MODEL), count), some -> some.size() == count);
    published.addAll(ids);
    lastPublished = publishTimes.of(ids.get(count - 1));
  }

  private void assertNothingLost() {
    await("everything published is acked")
        .atMost(RECOVERY)
        .until(() -> new HashSet<>(subscription.ackedMessageIds()).containsAll(published));
    serversOf(MODEL)
        .forEach(
            server ->
                assertThat(server.loads(MODEL))
                    .anyMatch(load -> !load.startedAt().isBefore(lastPublished)));
    assertThat(lanes.status(MODEL).orElseThrow().heldMessages()).isZero();
  }

  private void awaitReady() {
    await("the agent is ready")
        .atMost(RECOVERY)
        .until(() -> RestAssured.get(management("/q/health/ready")).statusCode() == 200);
  }

  private static String readiness() {
    return RestAssured.get(management("/q/health/ready")).asString();
  }

  private static String management(String path) {
    return FeatureUpdateEndToEndTest.management(path);
  }
}
