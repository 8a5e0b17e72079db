package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.modelrefresh.ApiServer;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubernetesQueueTest extends QueueScenarios {

  private static final String TEMPLATE =
      """
      apiVersion: batch/v1
      kind: Job
      metadata:
        namespace: ml
        labels: {team: fraud, model-refresh.io/model: forged}
      spec:
        template:
          metadata:
            labels: {app: train}
          spec:
            restartPolicy: Never
            containers:
              - name: train
                image: train:1
                args: ["--model", "{job.model}", "--because", "{job.detail}"]
      """;

  private final ApiServer server = new ApiServer().up();
  private final List<ClusterAccess> clusters = new ArrayList<>();
  private volatile ClusterAccess cluster = new ClusterAccess(server::client, vertx);
  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void writeTemplate() throws IOException {
    clusters.add(cluster);
    file = template(TEMPLATE);
  }

  @AfterEach
  void close() {
    clusters.forEach(ClusterAccess::close);
    server.close();
  }

  private Path template(String text) throws IOException {
    return Files.writeString(directory.resolve("job.yaml"), text);
  }

  @Override
  Kubernetes target() {
    return new Kubernetes(new Source.TemplateFile(file), Optional.empty(), Duration.ofDays(7));
  }

  @Override
  RetrainingQueue queue() {
    return queue(target());
  }

  private RetrainingQueue queue(Kubernetes target) {
    return new KubernetesQueue(cluster, target, Clock.fixed(PUBLISHED, ZoneOffset.UTC));
  }

  @Override
  List<String> jobs() {
    return jobs("ml").stream().map(job -> job.getMetadata().getName()).toList();
  }

  private List<Job> jobs(String namespace) {
    return server.admin().batch().v1().jobs().inNamespace(namespace).list().getItems();
  }

  @Override
  void down() {
    server.down();
  }

  @Override
  void up() {
    server.up();
  }

  @Override
  void forbid(boolean forbidden) {
    server.intercept(
        request ->
            forbidden && request.getMethod().equals("POST")
                ? Optional.of(ApiServer.refusal(403, "Forbidden", "jobs.batch is forbidden"))
                : Optional.empty());
  }

  @Override
  void assertForbidden(String problem) {
    assertThat(problem)
        .contains("jobs.batch ml/" + name())
        .contains("the verb create on jobs.batch in namespace ml");
  }

  /** The object is stored, and nobody hears of it within the time they wait. */
  @Override
  void stall() {
    cluster = new ClusterAccess(server::client, vertx, Duration.ofMillis(500));
    clusters.add(cluster);
    server.stall(true);
  }

  @Override
  void release() {
    await("one that was given up made it").until(() -> !jobs().isEmpty());
    cluster = clusters.get(0);
    server.stall(false);
  }

  @Override
  Outcome outcomeOfASecondAttempt() {
    return Outcome.DUPLICATE;
  }

  @Test
  void theObjectIsTheTemplatesWithTheAgentsNameLabelsAndAnnotations() {
    Enqueued enqueued = enqueue(target());

    Job job = jobs("ml").get(0);
    assertThat(enqueued)
        .isEqualTo(
            Enqueued.created()
                .since(Optional.of(Instant.parse(job.getMetadata().getCreationTimestamp()))));
    assertThat(job.getMetadata().getName()).isEqualTo(name());
    assertThat(job.getMetadata().getLabels())
        .containsEntry("team", "fraud")
        .containsEntry("app.kubernetes.io/managed-by", "model-refresh-agent")
        .containsEntry("model-refresh.io/model", JobName.label("fraud"))
        .containsEntry("model-refresh.io/reason", "schema")
        .containsEntry("model-refresh.io/window", "20261122T100000.000000000Z");
    assertThat(job.getMetadata().getAnnotations())
        .containsEntry("model-refresh.io/model", "fraud")
        .containsEntry("model-refresh.io/feature-views", "driver_hourly_stats@7")
        .containsEntry(
            "model-refresh.io/traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assertThat(job.getSpec().getTtlSecondsAfterFinished()).isEqualTo(604_800);
    assertThat(job.getSpec().getTemplate().getMetadata().getLabels())
        .containsEntry("app", "train")
        .containsEntry("model-refresh.io/reason", "schema");
    assertThat(job.getSpec().getTemplate().getSpec().getContainers().get(0).getArgs())
        .containsExactly("--model", "fraud", "--because", "schema of driver_hourly_stats");
  }

  @Test
  void aTimeToLiveOfTheTemplateIsKeptAndWarnedOfOnceIfItIsLessThanItShouldBe() throws IOException {
    template(withTimeToLive(60));
    RetrainingQueue queue = queue();

    List<String> warnings =
        warningsOf(
            () -> {
              queue.validate(job()).await().indefinitely();
              queue.validate(job()).await().indefinitely();
            });

    assertThat(warnings)
        .singleElement()
        .satisfies(
            warning ->
                assertThat(warning)
                    .startsWith(file + ": ttlSecondsAfterFinished is 60, less than")
                    .contains("leave ttlSecondsAfterFinished out or raise it")
                    .contains("fraud.retraining.kubernetes.ttl-after-finished"));
    queue.enqueue(job()).await().indefinitely();
    assertThat(jobs("ml").get(0).getSpec().getTtlSecondsAfterFinished()).isEqualTo(60);
  }

  @Test
  void aTimeToLiveThatIsLongEnoughIsNotWarnedOf() throws IOException {
    List<String> byDefault = warningsOf(() -> queue().validate(job()).await().indefinitely());
    template(withTimeToLive(604_800));

    assertThat(warningsOf(() -> queue().validate(job()).await().indefinitely())).isEmpty();
    assertThat(byDefault).isEmpty();
  }

  private static String withTimeToLive(int seconds) {
    return TEMPLATE.replace(
        "spec:\n  template:", "spec:\n  ttlSecondsAfterFinished: " + seconds + "\n  template:");
  }

  private static List<String> warningsOf(Runnable action) {
    List<String> warnings = new CopyOnWriteArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord logged) {
            if (logged.getLevel().intValue() >= Level.WARNING.intValue()) {
              warnings.add(String.format(logged.getMessage(), logged.getParameters()));
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(KubernetesQueue.class.getName());
    logger.addHandler(handler);
    try {
      action.run();
    } finally {
      logger.removeHandler(handler);
    }
    return warnings;
  }

  @Test
  void aDuplicateIsTheVeryJobFoundByItsLabels() {
    Optional<Instant> created = enqueue(target()).since();

    assertThat(enqueue(target())).isEqualTo(Enqueued.duplicate().since(created));
    assertThat(created).isPresent();
    assertThat(jobs()).hasSize(1);
  }

  @Test
  void aConflictNamesTheObjectAndTheLabelThatDiffers() {
    server
        .admin()
        .resource(
            new JobBuilder()
                .withNewMetadata()
                .withName(name())
                .withNamespace("ml")
                .addToLabels(Labels.of(job()))
                .addToLabels("model-refresh.io/window", "19700101T000000.000000000Z")
                .endMetadata()
                .build())
        .create();

    EnqueueFailedException failure =
        catchThrowableOfType(EnqueueFailedException.class, () -> enqueue(target()));

    assertThat(failure.kind()).isEqualTo(EnqueueFailedException.Kind.CONFLICT);
    assertThat(failure)
        .hasMessage(
            "jobs.batch ml/"
                + name()
                + ": exists and is not this job, its label model-refresh.io/window is"
                + " 19700101T000000.000000000Z rather than 20261122T100000.000000000Z; delete or"
                + " rename it");
  }

  @Test
  void aConflictIsToldAndTheJobIsCreatedOnceItIsOutOfTheWay() {
    Job other =
        new JobBuilder()
            .withNewMetadata()
            .withName(name())
            .withNamespace("ml")
            .endMetadata()
            .build();
    server.apply(other);
    Retraining agent = agent(queue());
    receive(agent);

    await()
        .untilAsserted(
            () ->
                assertThat(agent.problems().get("fraud"))
                    .startsWith("jobs.batch ml/" + name() + ": exists and is not this job"));
    server.delete(other);

    awaitHeard(Outcome.CREATED);
    await().untilAsserted(() -> assertThat(agent.problems()).isEmpty());
    assertThat(jobs("ml"))
        .singleElement()
        .satisfies(
            job ->
                assertThat(job.getMetadata().getLabels()).containsAllEntriesOf(Labels.of(job())));
  }

  @Test
  void anEventOnTheObjectSaysWhy() {
    enqueue(target());
    enqueue(target());

    assertThat(server.admin().v1().events().inNamespace("ml").list().getItems())
        .singleElement()
        .satisfies(
            (Event event) -> {
              assertThat(event.getReason()).isEqualTo("RetrainingEnqueued");
              assertThat(event.getInvolvedObject().getKind()).isEqualTo("Job");
              assertThat(event.getInvolvedObject().getName()).isEqualTo(name());
              assertThat(event.getMessage())
                  .isEqualTo("Model fraud is to be retrained: schema of driver_hourly_stats");
            });
  }

  @Test
  void aJobIsCreatedThoughNoEventMayBe() {
    server.intercept(
        request ->
            request.getPath().contains("/events")
                ? Optional.of(ApiServer.refusal(403, "Forbidden", "no events"))
                : Optional.empty());

    assertThat(enqueue(target()).outcome()).isEqualTo(Outcome.CREATED);
  }

  @Test
  void aJobIsMadeOfACronJobAsKubectlMakesIt() {
    server
        .admin()
        .resource(
            new CronJobBuilder()
                .withNewMetadata()
                .withName("train-fraud")
                .withNamespace("ml")
                .endMetadata()
                .withNewSpec()
                .withSchedule("0 3 * * *")
                .withNewJobTemplate()
                .withNewMetadata()
                .addToLabels("kueue.x-k8s.io/queue-name", "training")
                .endMetadata()
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
                .build())
        .create();
    Kubernetes fromCronJob =
        new Kubernetes(new Source.CronJob("train-fraud"), Optional.of("ml"), Duration.ofDays(7));

    assertThat(enqueue(fromCronJob).outcome()).isEqualTo(Outcome.CREATED);

    Job job = jobs("ml").get(0);
    assertThat(job.getMetadata().getName()).isEqualTo(name());
    assertThat(job.getMetadata().getLabels())
        .containsEntry("kueue.x-k8s.io/queue-name", "training");
    assertThat(job.getMetadata().getAnnotations())
        .containsEntry("cronjob.kubernetes.io/instantiate", "manual")
        .containsEntry("model-refresh.io/model", "fraud");
    assertThat(job.getSpec().getBackoffLimit()).isEqualTo(2);
    assertThat(job.getSpec().getTtlSecondsAfterFinished()).isEqualTo(604_800);
    assertThat(job.getSpec().getTemplate().getSpec().getContainers().get(0).getImage())
        .isEqualTo("train:1");
    assertThat(job.getMetadata().getOwnerReferences()).isEmpty();
  }

  @Test
  void aCronJobThatIsNotThereIsNamed() {
    Kubernetes fromCronJob =
        new Kubernetes(new Source.CronJob("gone"), Optional.of("ml"), Duration.ofDays(7));

    assertThat(catchThrowableOfType(EnqueueFailedException.class, () -> enqueue(fromCronJob)))
        .hasMessage("cronjobs.batch ml/gone: there is no such CronJob to make a job of");
  }

  @Test
  void anyNamespacedResourceCanBeCreated() throws IOException {
    server.grant("create workflows.argoproj.io");
    template(
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata:
          generateName: ignored-
        spec:
          workflowTemplateRef: {name: train}
        """);

    enqueue(
        new Kubernetes(new Source.TemplateFile(file), Optional.of("flows"), Duration.ofDays(7)));

    assertThat(server.creations())
        .contains("/apis/argoproj.io/v1alpha1/namespaces/flows/workflows");
  }

  @Test
  void theTemplateIsReadAnewForEachJob() throws IOException {
    template(TEMPLATE.replace("train:1", "train:2"));

    enqueue(target());

    assertThat(
            jobs("ml").get(0).getSpec().getTemplate().getSpec().getContainers().get(0).getImage())
        .isEqualTo("train:2");
  }

  @Test
  void aDryRunAsksTheServerAndCreatesNothing() {
    queue().validate(job()).await().indefinitely();

    assertThat(server.requests("POST")).isEqualTo(1);
    assertThat(jobs()).isEmpty();
  }

  @Test
  void aDryRunTheServerRefusesSaysWhatItFindsWrong() {
    server.intercept(
        request ->
            request.getPath().contains("dryRun=All")
                ? Optional.of(
                    ApiServer.refusal(
                        422, "Invalid", "spec.template.spec.containers: Required value"))
                : Optional.empty());

    EnqueueFailedException failure =
        catchThrowableOfType(
            EnqueueFailedException.class, () -> queue().validate(job()).await().indefinitely());

    assertThat(failure.kind()).isEqualTo(EnqueueFailedException.Kind.INVALID);
    assertThat(failure).hasMessageContaining("spec.template.spec.containers: Required value");
  }

  @Test
  void aResourceThatIsNotInstalledIsNamed() {
    server.intercept(
        request -> Optional.of(ApiServer.refusal(404, "NotFound", "the server could not find it")));

    assertThat(catchThrowableOfType(EnqueueFailedException.class, () -> enqueue(target())))
        .hasMessageContaining("is there the namespace, and is the resource installed?");
  }

  private Enqueued enqueue(Kubernetes target) {
    return queue(target).enqueue(job()).await().atMost(Duration.ofSeconds(30));
  }
}
