package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.pubsub.v1.PubsubMessage;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.modelrefresh.ApiServer;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionProbe;
import io.modelrefresh.retraining.ScriptedServer;
import io.modelrefresh.serving.FakeModelServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the package may lack of retraining though the classes are right: templates, Kubernetes'
 * kinds and the ledger's format, which a native executable must know before.
 */
class PackagedRetrainingIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String JOBS = "projects/it/topics/retraining-jobs";
  private static final String JOBS_SUBSCRIPTION = "projects/it/subscriptions/retraining-jobs-sub";

  /** A model for each queue, and both ways to make a Job; a view for all of them. */
  private static final String CATALOG =
      """
      model-refresh:
        models:
          by-template:
            feature-views: [stats]
            server: {protocol: open-inference, replicas: "%1$s"}
            refresh: {on-start: never, quiet-period: 20ms}
            retraining:
              changes: [schema]
              drift-at-least: {psi: 0.2}
              queue: kubernetes
              kubernetes: {template-file: "%2$s", namespace: ml}
          by-cron-job:
            feature-views: [stats]
            server: {protocol: open-inference, replicas: "%1$s"}
            refresh: {on-start: never, quiet-period: 20ms}
            retraining:
              changes: [schema]
              queue: kubernetes
              kubernetes: {cron-job: train, namespace: nightly}
          by-request:
            feature-views: [stats, orders]
            server: {protocol: open-inference, replicas: "%1$s"}
            refresh: {on-start: never, quiet-period: 20ms}
            retraining:
              changes: [schema]
              queue: http
              http:
                url: http://127.0.0.1:%3$d/models/{job.model}/train
                body: '{"run": "{job.name}", "conf": {job.json}}'
          by-message:
            feature-views: [stats]
            server: {protocol: open-inference, replicas: "%1$s"}
            refresh: {on-start: never, quiet-period: 20ms}
            retraining: {changes: [schema], queue: pubsub}
      """;

  private static final String[] MODELS = {"by-template", "by-cron-job", "by-request", "by-message"};

  private final FakeModelServer server = FakeModelServer.start();
  private final ApiServer api = new ApiServer().up();
  private final Vertx vertx = Vertx.vertx();
  private final ScriptedServer trainer =
      new ScriptedServer(vertx, request -> new JsonObject(request.body()).getString("run"));
  private final EmbeddedPubSub emulator = EmbeddedPubSub.start();
  private final Topic topic = new Topic(emulator.address(), "it");

  @TempDir Path directory;
  private SubscriptionProbe subscription;
  private AgentProcess agent;

  @BeforeEach
  void given() {
    for (String model : MODELS) {
      server.model(model);
    }
    emulator.createTopic(topic.name());
    emulator.createSubscription(topic.subscription(), topic.name());
    emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
    emulator.createTopic(JOBS);
    emulator.createSubscription(JOBS_SUBSCRIPTION, JOBS);
    subscription = emulator.probe(topic.subscription());
    api.apply(cronJob());
    agent = start();
  }

  private AgentProcess start() {
    Map<String, String> configuration = new HashMap<>();
    configuration.put("model-refresh.catalog.location", catalog().toString());
    configuration.put("model-refresh.retraining.scan-interval", "200ms");
    configuration.put("quarkus.kubernetes-client.api-server-url", api.url());
    configuration.put("quarkus.kubernetes-client.namespace", "agents");
    return AgentProcess.start(emulator.address(), configuration).awaitReady();
  }

  private Path catalog() {
    Path template = Path.of("kubernetes/examples/retraining/job.yaml").toAbsolutePath();
    try {
      return Files.writeString(
          directory.resolve("catalog.yaml"),
          CATALOG.formatted(server.address(), template, trainer.port()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CronJob cronJob() {
    return new CronJobBuilder()
        .withNewMetadata()
        .withName("train")
        .withNamespace("nightly")
        .endMetadata()
        .withNewSpec()
        .withSchedule("0 3 * * *")
        .withNewJobTemplate()
        .withNewSpec()
        .withBackoffLimit(2)
        .withNewTemplate()
        .withNewSpec()
        .withRestartPolicy("Never")
        .addNewContainer()
        .withName("train")
        .withImage("train:1")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .endJobTemplate()
        .endSpec()
        .build();
  }

  @AfterEach
  void stop() {
    if (agent != null) {
      agent.close();
    }
    topic.close();
    emulator.close();
    trainer.close();
    vertx.close();
    api.close();
    server.close();
  }

  @Test
  void aChangedSchemaHasOneJobInEveryQueueAndIsAcked() {
    String message =
        topic.publish(
            """
            {"project": "fraud", "feature_view": "stats", "feature_view_version": 7,
             "change": "schema"}
            """);

    awaitAcked(message);
    awaitEnqueued("schema", MODELS);
    Job fromTemplate = onlyJob("ml");
    assertThat(fromTemplate.getMetadata().getLabels())
        .containsEntry("app.kubernetes.io/managed-by", "model-refresh-agent")
        .containsEntry("model-refresh.io/reason", "schema");
    assertThat(fromTemplate.getMetadata().getAnnotations())
        .containsEntry("model-refresh.io/model", "by-template");
    assertThat(variables(fromTemplate))
        .containsEntry("MODEL", "by-template")
        .containsEntry("REASON", "schema");
    Job fromCronJob = onlyJob("nightly");
    assertThat(fromCronJob.getMetadata().getAnnotations())
        .containsEntry("model-refresh.io/model", "by-cron-job")
        .containsEntry("cronjob.kubernetes.io/instantiate", "manual");
    assertThat(fromCronJob.getSpec().getBackoffLimit()).isEqualTo(2);
    assertThat(fromCronJob.getSpec().getTemplate().getSpec().getContainers().get(0).getImage())
        .isEqualTo("train:1");
    assertThat(api.admin().v1().events().inNamespace("ml").list().getItems()).hasSize(1);

    ScriptedServer.Request request = trainer.requests().get(0);
    JsonObject conf = new JsonObject(request.body()).getJsonObject("conf");
    assertThat(request.uri()).isEqualTo("/models/by-request/train");
    assertThat(conf.getString("name")).isEqualTo(trainer.jobs().get(0));
    assertThat(conf.getString("message_id")).isEqualTo(message);
    assertThat(conf.getJsonArray("feature_views").getJsonObject(0).getString("feature_view"))
        .isEqualTo("fraud/stats");

    PubsubMessage event = topic.pull(JOBS_SUBSCRIPTION).get(0).getMessage();
    assertThat(event.getAttributesMap())
        .containsEntry("ce-type", "io.modelrefresh.model.retraining_requested.v1");
    assertThat(new JsonObject(event.getData().toStringUtf8()).getString("model"))
        .isEqualTo("by-message");

    assertThat(ledgers())
        .extracting(ledger -> ledger.getMetadata().getAnnotations().get("model-refresh.io/model"))
        .containsExactlyInAnyOrder(MODELS);
    assertThat(agent.get("/v1/retraining-jobs").findValuesAsText("model"))
        .containsExactlyInAnyOrder(MODELS);
  }

  @Test
  void valuesThatDriftedHaveAJobForTheModelThatMindsAndTheSameAgainIsOwed() {
    String drift =
        """
        {"feature_view": "stats", "drift": {"metric": "psi", "value": 0.3}}
        """;
    String first = topic.publish(drift);
    awaitAcked(first);
    awaitEnqueued("drift", "by-template");

    String second = topic.publish(drift);

    awaitAcked(second);
    JsonNode owed = agent.get("/v1/models/by-template").at("/retraining/0");
    assertThat(owed.path("reason").asText()).isEqualTo("drift");
    assertThat(onlyJob("ml").getMetadata().getAnnotations())
        .containsEntry("model-refresh.io/detail", "drift of stats, psi 0.3 >= 0.2");
    assertThat(ledgers()).hasSize(1);
    assertThat(ledgers().get(0).getMetadata().getLabels())
        .containsEntry("model-refresh.io/retraining-owed", "true");
  }

  @Test
  void whatIsOwedWhileTheQueueIsDownIsEnqueuedByTheNextAgentWithNoMessage() {
    trainer.down();
    String message = topic.publish("{\"feature_view\": \"orders\", \"change\": \"schema\"}");
    awaitAcked(message);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(agent.metrics())
                    .containsPattern(
                        "retraining_jobs_total\\{model=\"by-request\",outcome=\"failed\","
                            + "reason=\"schema\"} [1-9]"));
    agent.kill();
    trainer.up();

    agent = start();

    awaitEnqueued("schema", "by-request");
    assertThat(trainer.jobs()).hasSize(1);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(ledgers().get(0).getMetadata().getLabels())
                    .containsEntry("model-refresh.io/retraining-owed", "false"));
  }

  private void awaitAcked(String message) {
    await("message " + message + " is acked\n" + String.join("\n", agent.log()))
        .atMost(PATIENCE)
        .until(() -> subscription.ackedMessageIds().contains(message));
  }

  /** Once for each of these models, as the agent counts it, and for no other. */
  private void awaitEnqueued(String reason, String... models) {
    String[] expected = new String[models.length];
    for (int i = 0; i < models.length; i++) {
      expected[i] =
          "retraining_jobs_total{model=\"%s\",outcome=\"enqueued\",reason=\"%s\"} 1.0"
              .formatted(models[i], reason);
    }
    await("a job for " + String.join(", ", models) + "\n" + String.join("\n", agent.log()))
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        agent
                            .metrics()
                            .lines()
                            .filter(line -> line.startsWith("retraining_jobs_total{"))
                            .filter(line -> line.contains("\"enqueued\"")))
                    .containsExactlyInAnyOrder(expected));
  }

  private Job onlyJob(String namespace) {
    List<Job> jobs = api.admin().batch().v1().jobs().inNamespace(namespace).list().getItems();
    assertThat(jobs).hasSize(1);
    return jobs.get(0);
  }

  private static Map<String, String> variables(Job job) {
    Map<String, String> variables = new HashMap<>();
    for (EnvVar variable : job.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv()) {
      variables.put(variable.getName(), variable.getValue());
    }
    return variables;
  }

  private List<ConfigMap> ledgers() {
    return api.admin().configMaps().inNamespace("agents").list().getItems();
  }
}
