package io.modelrefresh.agent;

import static io.modelrefresh.agent.ModelFleet.serversOf;
import static io.modelrefresh.agent.ModelFleet.viewOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.notNullValue;

import com.google.protobuf.Timestamp;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.serving.FakeModelServer;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole agent in one JVM, against the embedded emulator and fake model servers. */
@QuarkusTest
@WithTestResource(ModelFleet.class)
class FeatureUpdateEndToEndTest {

  private static final String DEAD_LETTERS =
      "projects/dev/subscriptions/feature-updates-dead-letter-sub";

  @Inject EmbeddedPubSub emulator;
  @Inject Lanes lanes;
  @Inject HeldMessages messages;
  @Inject MeterRegistry meters;

  private Topic topic;
  private SubscriptionProbe subscription;

  @BeforeEach
  void given() {
    topic = new Topic(emulator.address(), "dev");
    subscription = emulator.probe(topic.subscription());
  }

  @AfterEach
  void clean() {
    topic.close();
    emulator.faults().clear();
  }

  @Test
  void oneUpdateLoadsBothReplicasOnceIsAckedAndItsPropagationObserved() {
    String message = topic.update(viewOf("once"));

    awaitConverged("once");
    awaitAcked(message);
    assertThat(loads("once", 0)).isEqualTo(1);
    assertThat(loads("once", 1)).isEqualTo(1);
    await("it is counted, which comes after its release")
        .untilAsserted(
            () ->
                assertThat(RestAssured.get(management("/q/metrics")).asString())
                    .contains("model_refresh_propagation_seconds_count{model=\"once\"} 1")
                    .contains("model_refresh_freshness_seconds_count{model=\"once\"} 1")
                    .contains("model_refresh_total{model=\"once\",outcome=\"success\"} 1.0")
                    .contains(
                        "model_refresh_duration_seconds_count{model=\"once\",outcome=\"success\"}"
                            + " 1"));
  }

  @Test
  void aSchemaChangeRefreshesTheModelAndEnqueuesOneRetrainingJob() {
    String values = topic.update(viewOf("retrained"));
    awaitAcked(values);
    String update =
        "{\"feature_view\": \"%s\", \"change\": \"schema\", \"feature_view_version\": 7}"
            .formatted(viewOf("retrained"));
    int loadsBefore = loads("retrained", 0);

    String first = topic.publish(update);
    awaitAcked(first);
    String second = topic.publish(update);
    awaitAcked(second);

    assertThat(loads("retrained", 0)).isGreaterThan(loadsBefore);
    List<ReceivedMessage> jobs = new ArrayList<>();
    await()
        .untilAsserted(
            () -> {
              jobs.addAll(topic.pull("projects/dev/subscriptions/retraining-jobs-sub"));
              assertThat(jobs).hasSize(2);
            });
    assertThat(jobs)
        .extracting(job -> job.getMessage().getAttributesOrThrow("ce-subject"))
        .containsOnly("retrained");
    assertThat(jobs)
        .extracting(job -> job.getMessage().getAttributesOrThrow("ce-id"))
        .as("the second is for the next window")
        .doesNotHaveDuplicates();
    RestAssured.get("/v1/retraining-jobs")
        .then()
        .statusCode(200)
        .body("findAll { it.model == 'retrained' }", hasSize(2))
        .body("[0].reason", equalTo("schema"))
        .body("[0].queue", equalTo("pubsub"))
        .body("[0].outcome", equalTo("enqueued"))
        .body("[0].feature_views", hasItem(viewOf("retrained") + "@7"));
    RestAssured.get("/v1/models/retrained")
        .then()
        .body("retraining[0].reason", equalTo("schema"))
        .body("retraining[0].last_window", notNullValue());
    RestAssured.get(management("/q/metrics"))
        .then()
        .body(
            containsString(
                "retraining_jobs_total{model=\"retrained\",outcome=\"enqueued\",reason=\"schema\"}"
                    + " 2.0"));
  }

  @Test
  void aBurstOf100000WhileTheFirstLoadIsGatedCausesTwoLoadsAndHoldsOneMessage() {
    serversOf("burst").forEach(server -> server.gateLoads());
    topic.update(viewOf("burst"));
    await().until(() -> loads("burst", 0) == 1 && loads("burst", 1) == 1);
    long heapBefore = usedHeap();
    long ackedBefore = subscription.ackedCount();

    List<String> burst = topic.updates(viewOf("burst"), 100_000);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> subscription.ackedCount() >= ackedBefore + burst.size());
    assertThat(status("burst").heldMessages()).isEqualTo(1);
    assertThat(messages.count()).isEqualTo(1);
    assertThat(usedHeap() - heapBefore).isLessThan(100L << 20);
    serversOf("burst").forEach(FakeModelServer::releaseLoads);

    awaitConverged("burst");
    awaitAcked(burst.get(burst.size() - 1));
    assertThat(loads("burst", 0)).isEqualTo(2);
    assertThat(loads("burst", 1)).isEqualTo(2);
    assertThat(new HashSet<>(subscription.ackedMessageIds()).containsAll(burst)).isTrue();
  }

  @Test
  void aReplicaAnswering503ThreeTimesConvergesWithOneAckAndNoNack() {
    double nackedBefore = nacked();
    serversOf("flaky").get(0).failNext(3, 503);
    serversOf("flaky").get(1).failNext(3, 503);

    String message = topic.update(viewOf("flaky"));

    awaitConverged("flaky");
    awaitAcked(message);
    assertThat(subscription.ackedMessageIds()).containsOnlyOnce(message);
    assertThat(nacked()).isEqualTo(nackedBefore);
  }

  @Test
  void aDeadReplicaKeepsNeitherTheOthersNorOtherModelsFromConverging() {
    FakeModelServer dead = serversOf("half-dead").get(0);
    dead.stop();

    String held = topic.update(viewOf("half-dead"));
    String neighbours = topic.update(viewOf("neighbour"));

    awaitConverged("neighbour");
    awaitAcked(neighbours);
    await().until(() -> status("half-dead").failing());
    assertThat(loads("half-dead", 1)).isEqualTo(1);
    assertThat(status("half-dead").heldMessages()).isEqualTo(1);
    assertThat(status("half-dead").pending()).anyMatch(reason -> reason.contains(dead.address()));
    assertThat(subscription.ackedMessageIds()).doesNotContain(held);
    RestAssured.get(management("/q/health/live")).then().statusCode(200);
    dead.startAgain();
    awaitConverged("half-dead");
    awaitAcked(held);
    assertThat(status("half-dead").failing()).isFalse();
  }

  @Test
  void aSlowServerTimesOutAndTheApiNamesIt() {
    FakeModelServer slow = serversOf("slow").get(0);
    slow.gateLoads();
    String message = topic.update(viewOf("slow"));

    await()
        .untilAsserted(
            () ->
                RestAssured.get("/v1/models/slow")
                    .then()
                    .statusCode(200)
                    .body(
                        "replicas.find { it.address == '" + slow.address() + "' }.last_error",
                        containsString("not done within 1000 ms")));
    slow.releaseLoads();

    awaitConverged("slow");
    awaitAcked(message);
  }

  @Test
  void anUpdatePublishedBeforeWhatEveryReplicaCoversIsAckedAsSupersededWithoutALoad() {
    ReceivedMessage early = heldByAnother(viewOf("superseding"));
    Instant later = publishTimeOf(early).plusMillis(1_001); // They are compared with a skew of 1 s.
    await().until(() -> Instant.now().isAfter(later));
    topic.update(viewOf("superseding"));
    awaitConverged("superseding");
    long before = loads("superseding", 0);

    topic.release(early);

    awaitAcked(early.getMessage().getMessageId());
    assertThat(loads("superseding", 0)).isEqualTo(before);
    assertThat(outcomes("superseding", "superseded")).isEqualTo(1);
  }

  private static Instant publishTimeOf(ReceivedMessage message) {
    Timestamp time = message.getMessage().getPublishTime();
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** Publishes an update that a competing consumer takes and keeps for now. */
  private ReceivedMessage heldByAnother(String view) {
    emulator.faults().halfOpen(true);
    topic.update(view);
    ReceivedMessage taken = topic.pull(topic.subscription()).get(0);
    emulator.faults().halfOpen(false);
    return taken;
  }

  @Test
  void anOlderEventTimePublishedLaterIsLoaded() {
    topic.publish(eventAt("2026-11-22T10:00:00Z"));
    awaitConverged("backfilled");
    await().until(() -> loads("backfilled", 0) == 1);

    String backfill = topic.publish(eventAt("2020-01-01T00:00:00Z"));

    awaitAcked(backfill);
    assertThat(loads("backfilled", 0)).isEqualTo(2);
    assertThat(loads("backfilled", 1)).isEqualTo(2);
  }

  private static String eventAt(String time) {
    return "{\"feature_view\": \"%s\", \"event_timestamp\": \"%s\"}"
        .formatted(viewOf("backfilled"), time);
  }

  @Test
  void aDuplicateDeliveryCausesNoSecondLoad() {
    double duplicatesBefore = outcomesOfAnyView("duplicate");
    emulator.faults().dropAcks(1);

    // Its ack is lost, so it is delivered again when its lease is over, and acked again.
    String message = topic.update(viewOf("duplicated"));
    awaitAcked(message);

    assertThat(outcomesOfAnyView("duplicate")).isGreaterThan(duplicatesBefore);
    assertThat(loads("duplicated", 0)).isEqualTo(1);
    assertThat(loads("duplicated", 1)).isEqualTo(1);
  }

  @Test
  void anUpdateThatArrivesWhileARolloutRunsCausesExactlyOneMore() {
    serversOf("busy").forEach(server -> server.gateLoads());
    String first = topic.update(viewOf("busy"));
    await().until(() -> loads("busy", 0) == 1 && loads("busy", 1) == 1);

    String meanwhile = topic.update(viewOf("busy"));
    awaitAcked(first); // The later one has come, and is held for both.
    serversOf("busy").forEach(FakeModelServer::releaseLoads);

    awaitAcked(meanwhile);
    awaitConverged("busy");
    assertThat(loads("busy", 0)).isEqualTo(2);
    assertThat(loads("busy", 1)).isEqualTo(2);
  }

  @Test
  void poisonGoesToTheDeadLetterTopicWithItsCauseAndTheStreamGoesOn() {
    long settledBefore = processingLag("acked").count();
    String poison = topic.publish("{\"feature_view\": 7}");
    String good = topic.update(viewOf("poisoned"));

    awaitAcked(poison);
    awaitAcked(good);
    ReceivedMessage letter = deadLetterOf(poison);
    PubsubMessage dead = letter.getMessage();
    assertThat(dead.getData().toStringUtf8()).isEqualTo("{\"feature_view\": 7}");
    assertThat(dead.getAttributesMap())
        .containsEntry("original.message-id", poison)
        .containsEntry("original.subscription", topic.subscription())
        .hasEntrySatisfying("error.class", name -> assertThat(name).contains("Undecodable"))
        .hasEntrySatisfying("error.message", why -> assertThat(why).contains("feature_view"));
    topic.ack(DEAD_LETTERS, letter);
    await().until(() -> processingLag("acked").count() >= settledBefore + 2);
    assertThat(processingLag("nacked").count()).isZero();
  }

  private Timer processingLag(String outcome) {
    return meters.get("feature.update.processing.lag").tag("outcome", outcome).timer();
  }

  @Test
  void deadLettersArePublishedAgainOnRequest() {
    long publishedBefore = subscription.ackedCount();
    String poison = topic.publish("[\"to be replayed\"]");
    awaitAcked(poison);

    RestAssured.given()
        .contentType(ContentType.JSON)
        .body("{\"count\": 10}")
        .post("/v1/dead-letters/replay")
        .then()
        .statusCode(200)
        .body("replayed", equalTo(1));

    // Still poison, it ends where it came from: once the poison, once its replay.
    await().until(() -> subscription.ackedCount() >= publishedBefore + 2);
    ReceivedMessage again = await().until(() -> topic.pull(DEAD_LETTERS), hasSize(1)).get(0);
    assertThat(again.getMessage().getData().toStringUtf8()).isEqualTo("[\"to be replayed\"]");
    assertThat(again.getMessage().getAttributesMap().get("original.message-id"))
        .isNotEqualTo(poison);
    topic.ack(DEAD_LETTERS, again);
  }

  @Test
  void noMoreDeadLettersThanAskedForArePublishedAgain() {
    long ackedBefore = subscription.ackedCount();
    List<String> poison =
        List.of(topic.publish("[\"one\"]"), topic.publish("[\"two\"]"), topic.publish("[3]"));
    poison.forEach(this::awaitAcked);

    RestAssured.given()
        .contentType(ContentType.JSON)
        .body("{\"count\": 2}")
        .post("/v1/dead-letters/replay")
        .then()
        .statusCode(200)
        .body("replayed", equalTo(2))
        .body("left", equalTo(0));

    await().until(() -> subscription.ackedCount() >= ackedBefore + 5);
    List<ReceivedMessage> letters = new ArrayList<>();
    await().until(() -> letters.addAll(topic.pull(DEAD_LETTERS)) && letters.size() == 3);
    assertThat(letters)
        .extracting(letter -> letter.getMessage().getAttributesOrThrow("original.message-id"))
        .filteredOn(poison::contains)
        .as("the one that was left")
        .hasSize(1);
    assertThat(letters)
        .extracting(letter -> letter.getMessage().getData().toStringUtf8())
        .containsExactlyInAnyOrder("[\"one\"]", "[\"two\"]", "[3]");
    letters.forEach(letter -> topic.ack(DEAD_LETTERS, letter));
  }

  @Test
  void deadLettersOlderThanAskedForAreLeft() {
    String poison = topic.publish("[\"too old\"]");
    awaitAcked(poison);

    RestAssured.given()
        .contentType(ContentType.JSON)
        .body("{\"max_age\": \"PT0S\"}")
        .post("/v1/dead-letters/replay")
        .then()
        .statusCode(200)
        .body("replayed", equalTo(0))
        .body("left", equalTo(1));

    topic.ack(DEAD_LETTERS, deadLetterOf(poison));
  }

  private ReceivedMessage deadLetterOf(String messageId) {
    List<ReceivedMessage> letters =
        await().until(() -> topic.pull(DEAD_LETTERS), pulled -> !pulled.isEmpty());
    assertThat(letters).hasSize(1);
    assertThat(letters.get(0).getMessage().getAttributesMap())
        .containsEntry("original.message-id", messageId);
    return letters.get(0);
  }

  @Test
  void anUpdateOfOtherFeaturesIsIgnoredByAModelNarrowedToOne() {
    String other = topic.publish("{\"feature_view\": \"narrow_view\", \"features\": [\"income\"]}");
    awaitAcked(other);
    assertThat(loads("narrow", 0)).isZero();

    String age =
        topic.publish("{\"feature_view\": \"narrow_view\", \"features\": [\"age\", \"income\"]}");

    awaitAcked(age);
    assertThat(loads("narrow", 0)).isEqualTo(1);
  }

  @Test
  void aDeletedFeatureViewIsNeverReloadedAndRaisesItsMetric() {
    String deletion =
        topic.publish(
            "{\"feature_view\": \"%s\", \"change\": \"delete\"}".formatted(viewOf("deleted")));

    awaitAcked(deletion);
    assertThat(loads("deleted", 0)).isZero();
    assertThat(
            meters
                .get("feature.views.deleted")
                .tag("feature_view", viewOf("deleted"))
                .counter()
                .count())
        .isEqualTo(1);
  }

  @Test
  void anUpdateOfAViewNoModelConsumesIsAckedAndCountedAsOther() {
    double before = outcomes("other", "ignored", "other");

    String unknown = topic.update("nobody_wants_this");

    awaitAcked(unknown);
    await().until(() -> outcomes("other", "ignored", "other") == before + 1);
  }

  @Test
  void publishingOverHttpPublishesARealMessage() {
    String id =
        RestAssured.given()
            .contentType(ContentType.JSON)
            .body("{\"feature_view\": \"published_over_http\"}")
            .post("/v1/feature-updates")
            .then()
            .statusCode(202)
            .body("feature_view", equalTo("published_over_http"))
            .body("message_id", notNullValue())
            .extract()
            .path("message_id");

    awaitAcked(id);
  }

  @Test
  void publishingNonsenseOverHttpIsAProblemThatNamesTheField() {
    RestAssured.given()
        .contentType(ContentType.JSON)
        .body("{\"feature_view\": \"v\", \"row_count\": \"many\"}")
        .post("/v1/feature-updates")
        .then()
        .statusCode(400)
        .contentType(Problem.MEDIA_TYPE)
        .body("status", equalTo(400))
        .body("detail", containsString("row_count"));
  }

  @Test
  void aModelIsPausedResumedAndRefreshedOnRequest() {
    RestAssured.post("/v1/models/paused/pause").then().statusCode(200);
    String held = topic.update(viewOf("paused"));
    await().until(() -> status("paused").heldMessages() == 1);
    RestAssured.get("/v1/models/paused")
        .then()
        .body("state", equalTo("paused"))
        .body("pending", hasItem(containsString("is paused")));
    assertThat(loads("paused", 0)).isZero();

    RestAssured.post("/v1/models/paused/resume").then().statusCode(200);
    awaitAcked(held);
    awaitConverged("paused");
    assertThat(loads("paused", 0)).isEqualTo(1);

    RestAssured.post("/v1/models/paused/refresh").then().statusCode(200);
    await().until(() -> loads("paused", 0) == 2 && loads("paused", 1) == 2);
  }

  @Test
  void anUnknownModelIsAProblemThatNamesIt() {
    RestAssured.get("/v1/models/nobody")
        .then()
        .statusCode(404)
        .contentType(Problem.MEDIA_TYPE)
        .body("detail", containsString("nobody"));
  }

  @Test
  void everyMetricOfTheContractIsScraped() {
    String message = topic.update(viewOf("once"));
    awaitAcked(message);

    await()
        .untilAsserted(
            () ->
                assertThat(scrapedNames())
                    .contains(
                        "feature_updates_received_total",
                        "feature_update_delivery_lag_seconds_bucket",
                        "feature_update_processing_lag_seconds_bucket",
                        "model_refresh_propagation_seconds_bucket",
                        "model_refresh_freshness_seconds_bucket",
                        "model_refresh_total",
                        "model_refresh_duration_seconds_bucket",
                        "model_refresh_consecutive_failures",
                        "model_refresh_failing",
                        "model_refresh_last_success_timestamp_seconds",
                        "model_refresh_pending_age_seconds",
                        "model_replicas",
                        "model_replicas_stale",
                        "pubsub_subscriber_up",
                        "pubsub_outstanding_messages",
                        "pubsub_outstanding_bytes",
                        "pubsub_oldest_outstanding_age_seconds",
                        "pubsub_messages_received_total",
                        "pubsub_messages_acked_total",
                        "pubsub_messages_nacked_total",
                        "pubsub_messages_redelivered_total",
                        "pubsub_stream_restarts_total",
                        "pubsub_messages_dead_lettered_total"));
  }

  // ---- Observing ----

  private static Stream<String> scrapedNames() {
    return RestAssured.get(management("/q/metrics"))
        .asString()
        .lines()
        .map(line -> line.split("[ {]")[0])
        .distinct();
  }

  static String management(String path) {
    return "http://localhost:"
        + org.eclipse.microprofile.config.ConfigProvider.getConfig()
            .getValue("quarkus.management.test-port", String.class)
        + path;
  }

  private LaneStatus status(String model) {
    return lanes.status(model).orElseThrow();
  }

  private void awaitConverged(String model) {
    await("model " + model + " converges")
        .until(() -> status(model).lastSuccess().isPresent() && status(model).pending().isEmpty());
  }

  private void awaitAcked(String messageId) {
    await("message " + messageId + " is acked")
        .until(() -> subscription.ackedMessageIds().contains(messageId));
  }

  private static int loads(String model, int replica) {
    return serversOf(model).get(replica).loads(model).size();
  }

  private double outcomes(String model, String outcome) {
    return outcomes(model, outcome, viewOf(model));
  }

  private double outcomes(String model, String outcome, String view) {
    return meters
        .find("feature.updates.received")
        .tag("feature_view", view)
        .tag("outcome", outcome)
        .counters()
        .stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  private double outcomesOfAnyView(String outcome) {
    return meters.find("feature.updates.received").tag("outcome", outcome).counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  private double nacked() {
    return meters.get("pubsub.messages.nacked").tag("channel", "feature-updates").counter().count();
  }

  private static long usedHeap() {
    System.gc();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
