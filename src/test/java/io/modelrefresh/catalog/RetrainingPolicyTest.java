package io.modelrefresh.catalog;

import static io.modelrefresh.catalog.CatalogConfigs.catalog;
import static io.modelrefresh.catalog.CatalogConfigs.model;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.PubSub;
import io.modelrefresh.catalog.RetrainingTarget.Server;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.Drift;
import io.modelrefresh.update.FeatureUpdate;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetrainingPolicyTest {

  private static final String KEY = "model-refresh.models.fraud.retraining";

  /** Each row: the policy, an update, and the reason it retrains for. */
  @ParameterizedTest(name = "changes {0}, drift-at-least {1}: {2} with drift {3} -> {4}")
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          schema        | -                  | schema | -        | schema
          schema        | -                  | values | -        | -
          schema        | -                  | delete | -        | -
          schema        | -                  | values | psi 0.9  | -
          values        | -                  | values | -        | values
          delete        | -                  | delete | -        | delete
          schema,delete | -                  | delete | psi 0.9  | delete
          -             | =0.2               | values | psi 0.2  | drift
          -             | =0.2               | values | psi 0.19 | -
          -             | =0.2               | values | -        | -
          -             | =0.2               | schema | ks 0.3   | drift
          -             | =0.2               | delete | ks 0.3   | -
          -             | .psi=0.2           | values | psi 0.25 | drift
          -             | .psi=0.2           | values | PSI 0.25 | drift
          -             | .psi=0.2           | values | ks 0.25  | -
          -             | =0.5 .ks=0.1       | values | ks 0.1   | drift
          -             | =0.5 .ks=0.1       | values | psi 0.4  | -
          -             | =0.5 .ks=0.9       | values | ks 0.6   | -
          -             | .jensen_shannon=0.1 .wasserstein=3 | values | wasserstein 3.5 | drift
          schema        | =0.2               | schema | psi 0.9  | schema
          """)
  void everyRowOfThePolicy(
      String changes, String driftAtLeast, String change, String drift, String reason) {
    RetrainingPolicy policy = policy(changes, driftAtLeast);

    Optional<RetrainingReason> found = policy.reasonFor(update(change, drift));

    assertThat(found.map(because -> because.kind().text())).isEqualTo(Optional.ofNullable(reason));
  }

  @Test
  void aReasonSaysWhatExactlyCalledForIt() {
    assertThat(policy("schema", "=0.2").reasonFor(update("values", "psi 0.23")))
        .contains(
            new RetrainingReason(
                RetrainingReason.Kind.DRIFT, "drift of driver_hourly_stats, psi 0.23 >= 0.2"));
    assertThat(policy("schema", "=0.2").reasonFor(update("schema", null)))
        .contains(
            new RetrainingReason(
                RetrainingReason.Kind.SCHEMA, "schema change of driver_hourly_stats"));
  }

  @Test
  void aModelWithoutAPolicyOrWithItTurnedOffIsNeverRetrained() {
    assertThat(catalog(model("fraud")).model("fraud").orElseThrow().retraining()).isEmpty();
    assertThat(
            catalog(retraining("changes", "schema", "queue", "pubsub", "enabled", "false"))
                .model("fraud")
                .orElseThrow()
                .retraining())
        .isEmpty();
  }

  @Test
  void theQueuesAreReadWithTheirDefaults() {
    assertThat(read("changes", "schema", "queue", "pubsub"))
        .isEqualTo(
            new RetrainingPolicy(
                Set.of(Change.SCHEMA),
                DriftThresholds.NONE,
                Duration.ofHours(6),
                new PubSub("retraining-jobs")));
    assertThat(
            read("changes", "schema", "queue", "kubernetes", "kubernetes.template-file", "/t.yaml")
                .queue())
        .isEqualTo(
            new Kubernetes(
                new Source.TemplateFile(Path.of("/t.yaml")), Optional.empty(), Duration.ofDays(7)));
    assertThat(
            read(
                    "changes",
                    "schema",
                    "queue",
                    "kubernetes",
                    "kubernetes.cron-job",
                    "train",
                    "kubernetes.namespace",
                    "ml")
                .queue())
        .isEqualTo(
            new Kubernetes(new Source.CronJob("train"), Optional.of("ml"), Duration.ofDays(7)));
    assertThat(read("changes", "schema", "queue", "http", "http.url", "http://a:8080/jobs").queue())
        .isEqualTo(
            new Http(
                new Server("http", "a", 8080),
                "POST",
                "/jobs",
                Map.of(),
                "{job.json}",
                Set.of(),
                Set.of(409),
                false,
                new Authentication.None(),
                Optional.empty(),
                Duration.ofSeconds(30)));
  }

  @Test
  void aPresetSaysWhatIsUsualUnlessTheConfigurationDoes() {
    Http airflow =
        (Http)
            read(
                    "changes",
                    "schema",
                    "queue",
                    "http",
                    "http.preset",
                    "airflow",
                    "http.url",
                    "https://airflow.example.com/api/v2/dags/retrain/dagRuns",
                    "http.bearer-token-file",
                    "/token")
                .queue();
    Http vertex =
        (Http)
            read(
                    "changes",
                    "schema",
                    "queue",
                    "http",
                    "http.preset",
                    "vertex",
                    "http.url",
                    "https://europe-west1-aiplatform.googleapis.com/v1/x?pipelineJobId={job.name}",
                    "http.body",
                    "{}",
                    "http.accepted-statuses",
                    "202")
                .queue();

    assertThat(airflow.server()).isEqualTo(new Server("https", "airflow.example.com", 443));
    assertThat(airflow.body()).contains("\"dag_run_id\": \"{job.name}\"");
    assertThat(airflow.authentication())
        .isEqualTo(new Authentication.BearerFile(Path.of("/token")));
    assertThat(airflow.acceptedStatuses()).containsExactlyInAnyOrder(200, 201);
    assertThat(vertex.authentication()).isEqualTo(new Authentication.Google());
    assertThat(vertex.acceptedStatuses()).containsExactly(202);
  }

  /** Each row: the key within retraining, a bad value, and what the message says. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          changes                   | shema                | .changes: expected values, schema or delete, got "shema"
          drift-at-least            | much                 | .drift-at-least: expected a number more than 0
          drift-at-least            | 0                    | .drift-at-least: expected a number more than 0
          drift-at-least            | NaN                  | .drift-at-least: expected a number more than 0
          drift-at-least            | Infinity             | .drift-at-least: expected a number more than 0
          drift-at-least.psi        | -1                   | .drift-at-least.psi: expected a number more than 0
          cooldown                  | 0s                   | .cooldown: expected more than 0s
          queue                     | kafka                | .queue: expected kubernetes, pubsub or http, got "kafka"
          pubsub.topic              | a topic              | .pubsub.topic: expected a topic's name
          kubernetes.cron-job       | train                | .kubernetes: expected only with queue kubernetes, but the queue is pubsub
          http.url                  | http://a/            | .http: expected only with queue http, but the queue is pubsub
          """)
  void aBadValueIsNamedWithItsKey(String key, String value, String problem) {
    assertThat(problems("changes", "schema", "queue", "pubsub", key, value))
        .singleElement()
        .asString()
        .startsWith(KEY + problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http.url                  | https://{job.model}/x  | .http.url: expected http(s)://host[:port]/path
          http.url                  | https://a{job.model}.b/ | .http.url: expected http(s)://host[:port]/path
          http.url                  | https://a:{job.model}/ | .http.url: expected http(s)://host[:port]/path
          http.url                  | https://u:p@a/x        | .http.url: expected http(s)://host[:port]/path
          http.url                  | //a/x                  | .http.url: expected http(s)://host[:port]/path
          http.url                  | https://a              | .http.url: expected http(s)://host[:port]/path
          http.url                  | https://a:70000/       | .http.url: expected http(s)://host[:port]/path
          http.preset               | dagster                | .http.preset: expected airflow or vertex
          http.preset               | vertex                 | .http.body: required by preset vertex
          http.method               | post                   | .http.method: expected GET, POST
          http.timeout              | 0s                     | .http.timeout: expected more than 0s
          http.accepted-statuses    | 99                     | .http.accepted-statuses: expected HTTP statuses
          http.duplicate-statuses   | 99                     | .http.duplicate-statuses: expected HTTP statuses
          http.authentication       | basic                  | .http.authentication: expected none, bearer or google
          http.authentication       | bearer                 | .http.bearer-token-file: required by authentication bearer
          """)
  void aBadRequestIsNamedWithItsKey(String key, String value, String problem) {
    assertThat(problems("changes", "schema", "queue", "http", "http.url", "http://a/", key, value))
        .singleElement()
        .asString()
        .startsWith(KEY + problem);
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThat(problems("queue", "pubsub"))
        .singleElement()
        .asString()
        .startsWith(KEY + ": expected changes, drift-at-least or both");
    assertThat(problems("changes", "schema"))
        .singleElement()
        .asString()
        .startsWith(KEY + ".queue: required");
    assertThat(problems("changes", "schema", "queue", "http"))
        .singleElement()
        .asString()
        .startsWith(KEY + ".http.url: required");
    assertThat(problems("changes", "schema", "queue", "kubernetes"))
        .singleElement()
        .asString()
        .startsWith(KEY + ".kubernetes: expected one of template-file and cron-job");
    assertThat(
            problems(
                "changes",
                "schema",
                "queue",
                "kubernetes",
                "kubernetes.cron-job",
                "a",
                "kubernetes.template-file",
                "b"))
        .singleElement()
        .asString()
        .startsWith(KEY + ".kubernetes: expected one of template-file and cron-job");
  }

  @Test
  void aTokenIsSentInOneWayOnly() {
    assertThat(
            problems(
                "changes",
                "schema",
                "queue",
                "http",
                "http.url",
                "http://a/",
                "http.headers.Authorization",
                "secret",
                "http.authentication",
                "google"))
        .containsExactly(
            KEY
                + ".http.headers.\"authorization\": expected only with authentication none, remove"
                + " one of the two");
  }

  private static RetrainingPolicy policy(String changes, String driftAtLeast) {
    List<String> settings = new ArrayList<>(List.of("queue", "pubsub"));
    Optional.ofNullable(changes).ifPresent(text -> settings.addAll(List.of("changes", text)));
    Stream.of(Optional.ofNullable(driftAtLeast).orElse("").split(" "))
        .filter(setting -> !setting.isEmpty())
        .map(setting -> setting.split("="))
        .forEach(setting -> settings.addAll(List.of("drift-at-least" + setting[0], setting[1])));
    return read(settings.toArray(String[]::new));
  }

  private static RetrainingPolicy read(String... settings) {
    return catalog(retraining(settings)).model("fraud").orElseThrow().retraining().orElseThrow();
  }

  private static List<String> problems(String... settings) {
    return catchThrowableOfType(InvalidCatalogException.class, () -> catalog(retraining(settings)))
        .problems();
  }

  private static Map<String, String> retraining(String... settings) {
    String[] keys = settings.clone();
    for (int i = 0; i < keys.length; i += 2) {
      keys[i] = "retraining." + keys[i];
    }
    return model("fraud", keys);
  }

  private static FeatureUpdate update(String change, String drift) {
    return new FeatureUpdate(
        Optional.empty(),
        "driver_hourly_stats",
        OptionalLong.empty(),
        Set.of(),
        List.of(),
        Instant.EPOCH,
        Change.valueOf(change.toUpperCase(Locale.ROOT)),
        OptionalLong.empty(),
        Optional.ofNullable(drift)
            .map(text -> text.split(" "))
            .map(parts -> new Drift(parts[0], Double.parseDouble(parts[1]))));
  }
}
