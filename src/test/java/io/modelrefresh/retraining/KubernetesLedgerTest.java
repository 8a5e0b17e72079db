package io.modelrefresh.retraining;

import static io.modelrefresh.retraining.RetrainedModel.COOLDOWN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.HeldMessage;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ledger in ConfigMaps, by itself and as retraining meets its failures. */
class KubernetesLedgerTest {

  private static final Instant PUBLISHED = Instant.parse("2026-11-22T10:00:00Z");
  private static final String NAME = KubernetesLedger.name("fraud");

  private static final LedgerEntry OWING =
      LedgerEntry.EMPTY.with(RetrainedModel.trigger(Kind.SCHEMA, PUBLISHED), COOLDOWN);

  private final Vertx vertx = Vertx.vertx();
  private final ApiServer server = new ApiServer().up();
  private final ClusterAccess cluster = new ClusterAccess(server::client, vertx);
  private final KubernetesLedger ledger = new KubernetesLedger(cluster, Optional.of("agents"));
  private final ScriptedQueue queue = new ScriptedQueue();
  private final Messages messages = new Messages();
  private final Retraining agent = agent();

  @AfterEach
  void close() {
    agent.close();
    cluster.close();
    server.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void whatIsWrittenIsReadByAnyAgentAndToldAsOwedUntilItIsNot() {
    LedgerState written = write(LedgerState.NONE.with(Kind.SCHEMA, OWING));

    assertThat(read()).isEqualTo(written);
    assertThat(ledger.owing().await().indefinitely()).containsExactly("fraud");
    write(written.with(Kind.SCHEMA, OWING.enqueued(OWING, RetrainingQueue.Enqueued.created())));
    assertThat(ledger.owing().await().indefinitely()).isEmpty();
  }

  @Test
  void nothingIsOwedWhereThereIsNoConfigMap() {
    assertThat(read()).isEqualTo(LedgerState.NONE);
  }

  @Test
  void onlyOneOfTwoThatReadTheSameMayWrite() {
    LedgerState first = LedgerState.NONE.with(Kind.SCHEMA, OWING);
    LedgerState written = write(first);

    assertThatThrownBy(() -> write(first))
        .as("it is there meanwhile")
        .isInstanceOf(StaleLedgerException.class);
    write(written.with(Kind.DRIFT, OWING));
    assertThatThrownBy(() -> write(written.with(Kind.VALUES, OWING)))
        .as("it has changed meanwhile")
        .isInstanceOf(StaleLedgerException.class);
    assertThat(read().entries()).containsOnlyKeys(Kind.SCHEMA, Kind.DRIFT);
  }

  @Test
  void aConfigMapThatWasDeletedSinceItWasReadIsStaleAndNotMadeAnewOfWhatItSaid() {
    LedgerState written = write(LedgerState.NONE.with(Kind.SCHEMA, OWING));
    server.delete(configMap());

    assertThatThrownBy(() -> write(written.with(Kind.DRIFT, OWING)))
        .isInstanceOf(StaleLedgerException.class);
    assertThat(read()).isEqualTo(LedgerState.NONE);
  }

  @Test
  void retrainingGoesOnWhenItsConfigMapIsDeleted() {
    receive(PUBLISHED);
    await().untilAsserted(() -> assertThat(read().entry(Kind.SCHEMA).window()).isPresent());
    server.delete(configMap());

    String message = receive(PUBLISHED.plusSeconds(60));

    await().untilAsserted(() -> assertThat(messages.fate(message)).isEqualTo("ack"));
    await().untilAsserted(() -> assertThat(queue.jobs()).hasSize(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"not JSON", "", "[]", "null", "{\"owed\": {}}", "{\"window\": \"noon\"}"})
  void anEntryThatIsNoneIsNamedAndHeldAgainstUntilItIsMended(String entry) {
    server.apply(
        new ConfigMapBuilder(configMap()).withData(Map.of(Kind.SCHEMA.text(), entry)).build());

    String message = receive(PUBLISHED);

    awaitProblem(
        "ConfigMap agents/" + NAME + ": schema is no ledger entry, mend or delete the ConfigMap");
    assertThat(messages.fate(message)).isEqualTo("held");
    assertThat(queue.jobs()).isEmpty();
    server.delete(configMap());

    await().untilAsserted(() -> assertThat(messages.fate(message)).isEqualTo("ack"));
    await().untilAsserted(() -> assertThat(queue.jobs()).hasSize(1));
  }

  @Test
  void aReasonThatIsNoneIsNamed() {
    server.apply(new ConfigMapBuilder(configMap()).withData(Map.of("mood", "{}")).build());

    assertThatThrownBy(this::read)
        .hasMessageContaining("ConfigMap agents/" + NAME + ": mood is no ledger entry");
  }

  /** What is not granted holds messages, so it is told with the verb and the resource. */
  @ParameterizedTest
  @CsvSource({"GET, get", "POST, create", "PUT, update"})
  void aVerbThatIsMissingIsNamedAndTheMessageHeldUntilItIsGranted(String method, String verb) {
    if (method.equals("PUT")) {
      write(LedgerState.NONE);
    }
    server.intercept(
        request ->
            request.getMethod().equals(method)
                ? Optional.of(ApiServer.refusal(403, "Forbidden", "configmaps is forbidden"))
                : Optional.empty());

    String message = receive(PUBLISHED);

    awaitProblem("the verb " + verb + " on configmaps in namespace agents");
    assertThat(messages.fate(message)).isEqualTo("held");
    server.intercept(ApiServer.Interceptor.NONE);

    await().untilAsserted(() -> assertThat(messages.fate(message)).isEqualTo("ack"));
    await().untilAsserted(() -> assertThat(agent.problems()).isEmpty());
  }

  @Test
  void aListThatIsForbiddenIsToldUntilItIsGranted() {
    server.intercept(
        request ->
            request.getPath().contains("labelSelector")
                ? Optional.of(ApiServer.refusal(403, "Forbidden", "configmaps is forbidden"))
                : Optional.empty());
    agent.start();

    await()
        .untilAsserted(
            () ->
                assertThat(agent.problems().get(""))
                    .contains("the verb list on configmaps in namespace agents"));
    server.intercept(ApiServer.Interceptor.NONE);

    await().untilAsserted(() -> assertThat(agent.problems()).isEmpty());
  }

  private void awaitProblem(String problem) {
    await().untilAsserted(() -> assertThat(agent.problems().get("fraud")).contains(problem));
  }

  private static ConfigMap configMap() {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(NAME)
        .withNamespace("agents")
        .endMetadata()
        .build();
  }

  private LedgerState write(LedgerState state) {
    return ledger.write("fraud", state).await().indefinitely();
  }

  private LedgerState read() {
    return ledger.read("fraud").await().indefinitely();
  }

  private String receive(Instant published) {
    String id = "published " + published;
    HeldMessage message = messages.hold(id);
    agent.offer(
        RetrainedModel.named("fraud"), RetrainedModel.trigger(Kind.SCHEMA, published), message);
    message.release();
    return id;
  }

  private Retraining agent() {
    Model model = RetrainedModel.named("fraud");
    return new Retraining(
        ledger,
        name -> Optional.of(model),
        each -> queue,
        Clock.fixed(PUBLISHED.plusSeconds(90), ZoneOffset.UTC),
        (delay, task) -> {
          long timer = vertx.setTimer(Math.max(1, delay.toMillis()), id -> task.run());
          return () -> vertx.cancelTimer(timer);
        },
        new Backoff(Duration.ofMillis(20), Duration.ofMillis(100), new Random(1)),
        new SilentListener(),
        () -> true,
        Duration.ofMillis(100));
  }
}
