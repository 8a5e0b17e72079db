package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.modelrefresh.catalog.CatalogFile;
import io.modelrefresh.catalog.RetrainingPolicy;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Server;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples of the repository are what the systems they are for take, as far as they say. */
class RetrainingExamplesTest {

  private static final Path EXAMPLES = Path.of("kubernetes/examples/retraining");
  private static final RetrainingJob JOB =
      RetrainedModel.job("fraud-detector", Kind.DRIFT, Instant.parse("2026-11-22T10:00:00Z"));

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Knows every field of fabric8's models and forgives no other. */
  private static final ObjectMapper STRICT =
      new ObjectMapper()
          .setAnnotationIntrospector(
              new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                  return false;
                }
              })
          .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true);

  static Stream<Path> templates() throws IOException {
    try (Stream<Path> all = Files.list(EXAMPLES)) {
      return all
          .filter(file -> !List.of("airflow.yaml", "vertex.yaml").contains(file.getFileName() + ""))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("templates")
  void everyTemplateIsSafeWhateverAnEventSays(Path file) {
    new ResourceTemplate(file).check("fraud-detector");
  }

  @ParameterizedTest
  @ValueSource(strings = {"job", "job-kueue"})
  void aJobHasNoFieldKubernetesDoesNotKnow(String example) {
    Job job = STRICT.convertValue(render(example), Job.class);

    assertThat(job.getSpec().getTemplate().getSpec().getContainers()).hasSize(1);
    assertThat(job.getSpec().getTtlSecondsAfterFinished())
        .isGreaterThanOrEqualTo((int) Duration.ofDays(7).toSeconds());
    if (example.equals("job-kueue")) {
      assertThat(job.getMetadata().getLabels()).containsKey("kueue.x-k8s.io/queue-name");
      assertThat(job.getSpec().getSuspend()).as("Kueue's own matter").isNull();
    }
  }

  @Test
  void theStrictReadingFindsAMisspelledField() {
    assertThatThrownBy(
            () ->
                STRICT.convertValue(
                    Map.of("kind", "Job", "spec", Map.of("ttlSecondAfterFinished", 1)), Job.class))
        .hasMessageContaining("ttlSecondAfterFinished");
  }

  @ParameterizedTest
  @ValueSource(strings = {"argo-workflow:workflow", "trainjob:trainjob", "rayjob:rayjob"})
  void aCustomResourceIsWhatItsSchemaSays(String exampleAndSchema) throws IOException {
    String[] names = exampleAndSchema.split(":");

    assertValid(JSON.writeValueAsString(render(names[0])), names[1]);
  }

  @Test
  void theSchemasFindAMisspelledField() throws IOException {
    Map<String, Object> workflow = render("argo-workflow");
    Map<String, Object> changed = new LinkedHashMap<>(workflow);
    changed.put("spec", Map.of("workflowTemplateReff", Map.of("name", "retrain")));

    assertThat(errors(JSON.writeValueAsString(changed), "workflow")).isNotEmpty();
  }

  @Test
  void thePodsOfTheRayJobHaveNoFieldKubernetesDoesNotKnow() {
    Map<?, ?> spec = (Map<?, ?>) render("rayjob").get("spec");
    Map<?, ?> cluster = (Map<?, ?>) spec.get("rayClusterSpec");
    Object head = ((Map<?, ?>) cluster.get("headGroupSpec")).get("template");
    Object worker =
        ((Map<?, ?>) ((List<?>) cluster.get("workerGroupSpecs")).get(0)).get("template");

    for (Object template : List.of(head, worker)) {
      assertThat(STRICT.convertValue(template, PodTemplateSpec.class).getSpec().getContainers())
          .hasSize(1);
    }
  }

  @Test
  void airflowIsSentWhatStartsADagRun() throws IOException {
    ScriptedServer.Request sent = sent("airflow.yaml", "dag_run_id");

    assertThat(sent.method() + " " + sent.uri())
        .isEqualTo("POST /api/v2/dags/retrain_fraud/dagRuns");
    assertValid(sent.body(), "airflow");
    assertThat(new JsonObject(sent.body()).getString("dag_run_id")).isEqualTo(JOB.name());
    assertThat(policy("airflow.yaml").queue())
        .isInstanceOfSatisfying(
            Http.class,
            http ->
                assertThat(http.authentication()).isInstanceOf(Authentication.BearerFile.class));
  }

  @Test
  void vertexIsSentWhatCreatesAPipelineJobOfTheJobsName() throws IOException {
    ScriptedServer.Request sent = sent("vertex.yaml", "displayName");

    assertThat(sent.uri())
        .isEqualTo(
            "/v1/projects/my-project/locations/europe-west1/pipelineJobs?pipelineJobId="
                + JOB.name());
    assertThat(JOB.name()).as("the id Vertex AI takes").matches("[a-z][-a-z0-9]{0,127}");
    assertValid(sent.body(), "vertex");
    assertThat(policy("vertex.yaml").queue())
        .isInstanceOfSatisfying(
            Http.class,
            http -> assertThat(http.authentication()).isInstanceOf(Authentication.Google.class));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "value: {job.detail}",
        "value: '{job.detail}'",
        "args: [train, {job.detail}]",
        "{job.detail}: value",
        "value: \"a\" # \n  other: {job.detail}",
      })
  void aValueOutsideOfQuotesIsRefusedAtTheStart(String line, @TempDir Path directory)
      throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("t.yaml"), "apiVersion: v1\nkind: Thing\nspec:\n  " + line + "\n");

    assertThatThrownBy(() -> new ResourceTemplate(file).check("fraud"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining("within double quotes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "apiVersion: v1\nkind: Thing\nspec: {#if}|line 3",
        "apiVersion: v1\nkind: Thing\nspec:\n  model: \"{job.modle}\"|line 4",
        "apiVersion: v1\nkind: Thing\n spec: [|line 3",
        "apiVersion: v1\nkind: Thing\nspec: &all\n  all: *all|an alias",
        "kind: Thing|expected one Kubernetes resource",
        "just text|expected one Kubernetes resource",
      })
  void aBrokenTemplateIsNamedWithFileAndLine(String textAndPlace, @TempDir Path directory)
      throws IOException {
    String[] parts = textAndPlace.split("\\|");
    Path file = Files.writeString(directory.resolve("t.yaml"), parts[0]);

    assertThatThrownBy(() -> new ResourceTemplate(file).check("fraud"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(parts[1]);
  }

  private static Map<String, Object> render(String example) {
    return new ResourceTemplate(EXAMPLES.resolve(example + ".yaml")).render(JOB);
  }

  private static RetrainingPolicy policy(String example) {
    CatalogFile file = new CatalogFile(EXAMPLES.resolve(example));
    return file.parse(file.read()).model("fraud-detector").orElseThrow().retraining().orElseThrow();
  }

  /** The request of the example, to a server here. */
  private static ScriptedServer.Request sent(String example, String id) {
    Http configured = (Http) policy(example).queue();
    Vertx vertx = Vertx.vertx();
    try (ScriptedServer server =
        new ScriptedServer(vertx, request -> new JsonObject(request.body()).getString(id))) {
      Http here =
          new Http(
              new Server("http", "127.0.0.1", server.port()),
              configured.method(),
              configured.path(),
              configured.headers(),
              configured.body(),
              configured.acceptedStatuses(),
              configured.duplicateStatuses(),
              configured.tellsDuplicates(),
              new Authentication.None(),
              Optional.empty(),
              Duration.ofSeconds(20));
      HttpQueue queue = new HttpQueue(vertx.createHttpClient(), here, Optional.empty(), example);
      assertThat(queue.enqueue(JOB).await().indefinitely()).isEqualTo(Enqueued.created());
      assertThat(queue.enqueue(JOB).await().indefinitely()).isEqualTo(Enqueued.duplicate());
      return server.requests().get(0);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private static void assertValid(String json, String schema) throws IOException {
    assertThat(errors(json, schema)).as(json).isEmpty();
  }

  private static List<?> errors(String json, String schema) throws IOException {
    try (InputStream stream =
        RetrainingExamplesTest.class.getResourceAsStream(
            "/retraining/" + schema + ".schema.json")) {
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(stream, InputFormat.JSON)
          .validate(json, InputFormat.JSON);
    }
  }
}
