package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.mockwebserver.http.MockResponse;
import io.modelrefresh.ApiServer;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.retraining.RetrainingQueue.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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
  private final ClusterAccess cluster = new ClusterAccess(server::client, vertx);
  @TempDir private Path directory;
  private Path file;

  @BeforeEach
  void writeTemplate() throws IOException {
    file = template(TEMPLATE);
  }

  @AfterEach
  void close() {
    cluster.close();
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

  /** The API server gives up, having done nothing, as one does that is overloaded. */
  @Override
  void stall() {
    server.intercept(
        request ->
            request.getMethod().equals("POST")
                ? Optional.of(
                    new MockResponse()
                        .setResponseCode(504)
                        .setBodyDelay(50, TimeUnit.MILLISECONDS)
                        .setBody("{}"))
                : Optional.empty());
  }

  @Override
  void release() {
    server.intercept(ApiServer.Interceptor.NONE);
  }

  @Test
  void theObjectIsTheTemplatesWithTheAgentsNameLabelsAndAnnotations() {
    assertThat(enqueue(target())).isEqualTo(Outcome.CREATED);

    Job job = jobs("ml").get(0);
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
  void aTimeToLiveOfTheTemplateIsKept() throws IOException {
    template(
        TEMPLATE.replace(
            "spec:\n  template:", "spec:\n  ttlSecondsAfterFinished: 60\n  template:"));

    enqueue(target());

    assertThat(jobs("ml").get(0).getSpec().getTtlSecondsAfterFinished()).isEqualTo(60);
  }

  @Test
  void aDuplicateIsTheVeryJobFoundByItsLabels() {
    enqueue(target());

    assertThat(enqueue(target())).isEqualTo(Outcome.DUPLICATE);
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

    assertThat(enqueue(target())).isEqualTo(Outcome.CREATED);
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

    assertThat(enqueue(fromCronJob)).isEqualTo(Outcome.CREATED);

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

  private Outcome enqueue(Kubernetes target) {
    return queue(target).enqueue(job()).await().atMost(Duration.ofSeconds(30));
  }
}
