package io.modelrefresh.soak;

import static io.modelrefresh.soak.Update.Form.BARE;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Timestamps;
import com.google.pubsub.v1.PubsubMessage;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.retraining.RetrainingAudit;
import io.modelrefresh.serving.FakeTriton;
import io.modelrefresh.soak.Deployment.Pod;
import io.modelrefresh.soak.Deployment.Protocol;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An oracle is worth what it finds: agents that break the promise in one way each, played by hand
 * against the servers of the soak test.
 */
class OracleTest {

  /** Consumed by m0 (Open Inference), m5 and m8 (Triton), the last of which it may retrain. */
  private static final String VIEW = "v0";

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir private Path directory;

  private final ApiServer api = new ApiServer().up();
  private final Fleet fleet = new Fleet(api, true);
  private final Journal journal = new Journal();
  private final RetrainingAudit retraining = new RetrainingAudit();
  private final List<PubsubMessage> deadLetters = new ArrayList<>();
  private final Map<String, Instant> deadLetteredAt = new HashMap<>();
  private Catalog catalog;
  private History history;
  private int messages;

  @BeforeEach
  void show() {
    catalog = new Catalog(fleet, 1, directory.resolve("job.yaml"));
    history = new History(directory.resolve("history.txt"));
    api.observe(retraining);
  }

  @AfterEach
  void close() {
    catalog.close();
    fleet.close();
    api.close();
  }

  // ---- Refreshes ----

  @Test
  void anAckAfterALoadOnEveryReplicaIsRight() throws Exception {
    String id = deliver(values());
    loadEverywhere();
    journal.acked(id);

    assertThat(violations()).isEmpty();
  }

  @Test
  void anAckBeforeTheLoadIsFound() throws Exception {
    String id = deliver(values());
    journal.acked(id);
    loadEverywhere();

    assertThat(violations()).isNotEmpty().allMatch(found -> found.startsWith("ACKED TOO SOON"));
  }

  @Test
  void anAckWhileALoadIsNotDoneIsFound() throws Exception {
    String id = deliver(values());
    Pod slow = pod("m0", 1);
    slow.server.gateLoads();
    var loading = HTTP.sendAsync(load(deployment("m0"), slow), text());
    loadEverywhereBut(List.of(slow));
    journal.acked(id);
    slow.server.releaseLoads();
    loading.join();

    assertThat(violations())
        .singleElement()
        .asString()
        .startsWith("ACKED TOO SOON: " + slow.server.address());
  }

  @Test
  void aReplicaWithoutALoadIsFound() throws Exception {
    String id = deliver(values());
    Pod forgotten = pod("m5", 2);
    loadEverywhereBut(List.of(forgotten));
    journal.acked(id);

    assertThat(violations())
        .anyMatch(found -> found.startsWith("LOST: " + forgotten.server.address()));
  }

  @Test
  void aLoadThatBeganBeforeThePublicationIsNone() throws Exception {
    loadEverywhere();
    String id = deliver(values());
    journal.acked(id);

    assertThat(violations()).anyMatch(found -> found.startsWith("LOST"));
  }

  @Test
  void aLoadThatTritonIgnoredIsNone() throws Exception {
    String id = deliver(values());
    Pod ignoring = pod("m8", 0);
    ((FakeTriton) ignoring.server).ignoreConfigurations();
    loadEverywhere();
    journal.acked(id);

    assertThat(violations())
        .anyMatch(found -> found.startsWith("LOST: " + ignoring.server.address()));
  }

  @Test
  void aReplicaThatIsGoneNeedsNoLoad() throws Exception {
    String id = deliver(values());
    Pod gone = pod("m5", 2);
    gone.leaves();
    loadEverywhereBut(List.of(gone));
    journal.acked(id);

    assertThat(violations()).isEmpty();
  }

  @Test
  void aMessageHeldThatWasPublishedLaterIsAGuarantee() throws Exception {
    String earlier = deliver(values());
    String later = deliver(values());
    journal.acked(earlier);
    loadEverywhere();
    journal.acked(later);

    assertThat(violations()).isEmpty();
  }

  @Test
  void aGuaranteeIsOneThoughTheModelWasRemovedLater() throws Exception {
    Update update = new Update(Update.Sort.UPDATE, "v2", List.of(), "values", 0, BARE, 0);
    String earlier = deliver(update);
    String later = deliver(update);
    journal.acked(earlier);
    catalog.begin(new Fault(Duration.ZERO, Fault.Kind.MODEL_REMOVED, 0, 0, Duration.ZERO));
    loadEverywhereBut(deployment("m10").pods);
    journal.acked(later);

    assertThat(violations()).isEmpty();
  }

  @Test
  void aMessageThatWasPublishedEarlierIsNoGuarantee() throws Exception {
    String earlier = deliver(values());
    String later = deliver(values());
    journal.acked(later);
    loadEverywhere();
    journal.acked(earlier);

    assertThat(violations()).isNotEmpty().allMatch(found -> found.startsWith("ACKED TOO SOON"));
  }

  @Test
  void aMessageThatNoAgentHasYetIsNoGuarantee() throws Exception {
    String earlier = deliver(values());
    String later = publish(values());
    journal.acked(earlier);
    journal.delivered(later);
    loadEverywhere();
    journal.acked(later);

    assertThat(violations()).isNotEmpty().allMatch(found -> found.startsWith("ACKED TOO SOON"));
  }

  @Test
  void whatIsNeverAckedIsFound() throws Exception {
    deliver(values());
    loadEverywhere();

    assertThat(violations()).singleElement().asString().startsWith("not acked at the end");
  }

  // ---- Retraining ----

  @Test
  void aJobThatCoversAnUpdateIsRight() throws Exception {
    String id = deliver(schema());
    loadEverywhere();
    recordJob(journal.message(id).orElseThrow().publishTime);
    journal.acked(id);

    assertThat(violations()).isEmpty();
  }

  @Test
  void anUpdateWithoutItsJobIsFound() throws Exception {
    String id = deliver(schema());
    loadEverywhere();
    recordJob(journal.message(id).orElseThrow().publishTime.minusMillis(1));
    journal.acked(id);

    assertThat(violations()).anyMatch(found -> found.startsWith("NO JOB of m8 for schema"));
  }

  @Test
  void anAckBeforeTheJobWasOwedIsFound() throws Exception {
    String id = deliver(schema());
    loadEverywhere();
    journal.acked(id);
    recordJob(journal.message(id).orElseThrow().publishTime);

    assertThat(violations())
        .singleElement()
        .asString()
        .startsWith("ACKED TOO SOON: no job of m8 for schema was owed");
  }

  // ---- Dead letters ----

  @Test
  void poisonOnTheDeadLetterTopicWithItsCauseIsRight() {
    String id = deliver(poison());
    deadLetter(id, "not JSON");
    journal.acked(id);

    assertThat(violations()).isEmpty();
  }

  @Test
  void poisonThatIsDroppedIsFound() {
    journal.acked(deliver(poison()));

    assertThat(violations()).singleElement().asString().startsWith("POISON is not on");
  }

  @Test
  void poisonThatIsAckedFirstIsFound() {
    String id = deliver(poison());
    journal.acked(id);
    deadLetter(id, "not JSON");

    assertThat(violations()).singleElement().asString().startsWith("POISON was acked before");
  }

  @Test
  void aDeadLetterWithoutItsCauseIsFound() {
    String id = deliver(poison());
    deadLetter(id, "");
    journal.acked(id);

    assertThat(violations()).singleElement().asString().startsWith("a dead letter without");
  }

  @Test
  void anUpdateThatWasGivenUpIsFound() throws Exception {
    String id = deliver(values());
    loadEverywhere();
    deadLetter(id, "too many attempts");
    journal.acked(id);

    assertThat(violations()).singleElement().asString().startsWith("a dead letter that is none");
  }

  // ---- The agent, by hand ----

  private static Update values() {
    return update(Update.Sort.UPDATE, "values");
  }

  private static Update schema() {
    return update(Update.Sort.UPDATE, "schema");
  }

  private static Update poison() {
    return update(Update.Sort.POISON, "values");
  }

  private static Update update(Update.Sort sort, String change) {
    return new Update(sort, VIEW, List.of(), change, 0, BARE, 0);
  }

  private String deliver(Update update) {
    String id = publish(update);
    journal.delivered(id);
    return id;
  }

  /** Each a second after the one before, by the server's clock. */
  private String publish(Update update) {
    String id = Integer.toString(++messages);
    journal.announce(id, update);
    journal.published(
        PubsubMessage.newBuilder()
            .setMessageId(id)
            .setPublishTime(Timestamps.fromMillis(System.currentTimeMillis() + 1_000L * messages))
            .putAttributes(Journal.ATTRIBUTE, id)
            .build());
    return id;
  }

  private void loadEverywhere() throws Exception {
    loadEverywhereBut(List.of());
  }

  private void loadEverywhereBut(List<Pod> left) throws Exception {
    for (Deployment deployment : fleet.deployments()) {
      for (Pod pod : deployment.pods) {
        if (!left.contains(pod)) {
          assertThat(HTTP.send(load(deployment, pod), text()).statusCode()).isEqualTo(200);
        }
      }
    }
  }

  private static HttpResponse.BodyHandler<String> text() {
    return HttpResponse.BodyHandlers.ofString();
  }

  private HttpRequest load(Deployment deployment, Pod pod) {
    JsonObject body = new JsonObject();
    if (deployment.protocol == Protocol.TRITON) {
      JsonObject config =
          new JsonObject().put("parameters", new JsonObject().put("at", ++messages));
      body.put("parameters", new JsonObject().put("config", config.encode()));
    }
    String path = "/v2/repository/models/" + deployment.model + "/load";
    return HttpRequest.newBuilder(URI.create(pod.server.address() + path))
        .POST(HttpRequest.BodyPublishers.ofString(body.encode()))
        .timeout(Duration.ofMinutes(1))
        .build();
  }

  /** As an agent's ledger says that a job has been enqueued. */
  private void recordJob(Instant covered) {
    JsonObject entry =
        new JsonObject().put("window", covered.toString()).put("covered", covered.toString());
    api.apply(
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("retraining-ledger-m8")
            .withNamespace("ml")
            .addToAnnotations("model-refresh.io/model", "m8")
            .endMetadata()
            .addToData("schema", entry.encode())
            .build());
  }

  private void deadLetter(String id, String cause) {
    deadLetters.add(
        PubsubMessage.newBuilder()
            .putAttributes("original.message-id", id)
            .putAttributes("error.message", cause)
            .build());
    deadLetteredAt.put(id, Instant.now());
  }

  private Deployment deployment(String model) {
    return fleet.of(model);
  }

  private Pod pod(String model, int number) {
    return deployment(model).pods.get(number);
  }

  private List<String> violations() {
    new Oracle(journal, catalog, fleet, retraining, history).judge(deadLetters, deadLetteredAt);
    return history.violations();
  }
}
