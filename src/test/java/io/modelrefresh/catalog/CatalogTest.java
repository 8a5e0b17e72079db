package io.modelrefresh.catalog;

import static io.modelrefresh.catalog.CatalogConfigs.all;
import static io.modelrefresh.catalog.CatalogConfigs.catalog;
import static io.modelrefresh.catalog.CatalogConfigs.model;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonPointer;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ServerSettings.Protocol;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CatalogTest {

  /**
   * Each row: selectors; the update's project, view and features; whether the model is affected.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          users               |          | users | -       | true
          users               | payments | users | -       | true
          users               |          | cards | -       | false
          payments/users      | payments | users | -       | true
          payments/users      | search   | users | -       | false
          payments/users      |          | users | -       | false
          payments/*          | payments | users | -       | true
          payments/*          | search   | users | -       | false
          payments/*          |          | users | -       | false
          *                   |          | users | -       | true
          *                   | payments | users | -       | true
          users:age           |          | users | age     | true
          users:age           |          | users | age;sex | true
          users:age           |          | users | sex     | false
          users:age           |          | users | -       | true
          users:age,users:sex |          | users | sex     | true
          users:age,users     |          | users | sex     | true
          payments/*:age      | payments | users | sex     | false
          payments/*:age      | payments | users | age     | true
          *:age               |          | users | age     | true
          *:age               |          | users | sex     | false
          """)
  void anUpdateAffectsTheModelsWhoseSelectorsMatchIt(
      String selectors, String project, String view, String features, boolean affected) {
    var catalog = catalog(model("m", "feature-views", selectors));
    Set<String> changed = features.equals("-") ? Set.of() : Set.of(features.split(";"));

    List<Model> models = catalog.affectedBy(update(project, view, changed));

    assertThat(models).hasSize(affected ? 1 : 0);
  }

  @Test
  void eachModelAffectedIsThereOnceAndInTheOrderOfNames() {
    var catalog =
        catalog(
            all(
                model("c", "feature-views", "users,payments/users,payments/*,*,users:age"),
                model("b", "feature-views", "*"),
                model("a", "feature-views", "payments/users"),
                model("d", "feature-views", "cards")));

    List<Model> models = catalog.affectedBy(update("payments", "users", Set.of("age")));

    assertThat(models).extracting(Model::name).containsExactly("a", "b", "c");
    assertThat(catalog.models()).extracting(Model::name).containsExactly("a", "b", "c", "d");
  }

  @Test
  void onlyViewsNamedBySelectorsAreNamed() {
    var catalog = catalog(model("m", "feature-views", "users:age,payments/cards,search/*,*"));

    assertThat(catalog.names("users")).isTrue();
    assertThat(catalog.names("cards")).isTrue();
    assertThat(catalog.names("anything")).isFalse();
    assertThat(catalog.names("*")).isFalse();
  }

  @Test
  void aModelHasTheDocumentedDefaults() {
    var model = catalog(model("fraud")).model("fraud").orElseThrow();

    assertThat(model.server().protocol()).isEqualTo(Protocol.OPEN_INFERENCE);
    assertThat(model.server().modelName()).isEqualTo("fraud");
    assertThat(model.server().timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(model.server().http()).isEmpty();
    assertThat(model.refresh())
        .isEqualTo(
            new RefreshPolicy(
                Duration.ofMillis(250),
                Duration.ofSeconds(2),
                new MaxUnavailable(1, false),
                5,
                OnStart.ALWAYS,
                Optional.empty()));
  }

  @Test
  void theRequestOfProtocolHttpIsReadInFull() {
    var properties =
        model(
            "custom",
            "server.protocol",
            "http",
            "server.http.method",
            "PUT",
            "server.http.path",
            "/models/{model}/reload",
            "server.http.headers.X-Team",
            "ml, ops",
            "server.http.body",
            "{\"watermark\": \"{watermark}\"}",
            "server.http.accepted-statuses",
            "200,202",
            "server.http.ready-path",
            "/ready");

    var http = catalog(properties).model("custom").orElseThrow().server().http().orElseThrow();

    assertThat(http)
        .isEqualTo(
            new ServerSettings.HttpRequestTemplate(
                "PUT",
                "/models/{model}/reload",
                Map.of("X-Team", "ml, ops"),
                Optional.of("{\"watermark\": \"{watermark}\"}"),
                Set.of(200, 202),
                Optional.of("/ready")));
  }

  @Test
  void whatAServerAsksOfItsClientsIsReadInFull() {
    var properties =
        model(
            "fraud",
            "server.protocol",
            "triton",
            "server.replicas",
            "dns://fraud:8443",
            "server.config-file",
            "/etc/fraud.json",
            "server.bearer-token-file",
            "/var/run/token",
            "server.tls-configuration-name",
            "ml",
            "server.authority",
            "fraud.ml.svc",
            "server.smoke-check.path",
            "/v2/models/fraud/infer",
            "server.smoke-check.body",
            "{\"inputs\": []}",
            "server.smoke-check.json-pointer",
            "/outputs/0");

    var server = catalog(properties).model("fraud").orElseThrow().server();

    assertThat(server)
        .isEqualTo(
            new ServerSettings(
                Protocol.TRITON,
                new ReplicaAddress.Dns(new Endpoint("https", "fraud", 8443)),
                "fraud",
                Duration.ofSeconds(30),
                Optional.empty(),
                Optional.of(Path.of("/etc/fraud.json")),
                new ServerSettings.Access(
                    Optional.of(Path.of("/var/run/token")),
                    Optional.of("ml"),
                    Optional.of("fraud.ml.svc")),
                Optional.of(
                    new ServerSettings.SmokeCheck(
                        "/v2/models/fraud/infer",
                        Optional.of("{\"inputs\": []}"),
                        Optional.of(JsonPointer.compile("/outputs/0"))))));
  }

  @Test
  void replicasAreListedOrLookedUp() {
    assertThat(ReplicaAddress.parse("http://A:8000, https://[::1]:8443,http://fraud_model:80"))
        .isEqualTo(
            new ReplicaAddress.Static(
                List.of(
                    new Endpoint("http", "a", 8000),
                    new Endpoint("https", "0:0:0:0:0:0:0:1", 8443),
                    new Endpoint("http", "fraud_model", 80))));
    assertThat(ReplicaAddress.parse("dns://fraud.ml.svc:8000"))
        .isEqualTo(new ReplicaAddress.Dns(new Endpoint("http", "fraud.ml.svc", 8000)));
    assertThat(ReplicaAddress.parse("kubernetes://ml/fraud-triton:08000"))
        .isEqualTo(new ReplicaAddress.Kubernetes("http", "ml", "fraud-triton", "8000"))
        .hasToString("kubernetes://ml/fraud-triton:8000");
    assertThat(ReplicaAddress.parse("kubernetes://ml/fraud:http-rest"))
        .isEqualTo(new ReplicaAddress.Kubernetes("http", "ml", "fraud", "http-rest"));
    assertThat(new Endpoint("http", "0:0:0:0:0:0:0:1", 80))
        .hasToString("http://[0:0:0:0:0:0:0:1]:80");
  }

  @Test
  void environmentVariablesAddToAndOverrideModels() {
    Map<String, String> properties = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      properties.putAll(model("fraud-" + i));
    }
    var environment =
        Map.of(
            "MODEL_REFRESH_MODELS_FRAUD_0_REFRESH_MAX_WAIT", "9s",
            "MODEL_REFRESH_MODELS_FRAUD_0_SERVER_REPLICAS", "http://b:1",
            "MODEL_REFRESH_MODELS_USERS_FEATURE_VIEWS", "users",
            "MODEL_REFRESH_MODELS_USERS_SERVER_PROTOCOL", "open-inference",
            "MODEL_REFRESH_MODELS_USERS_SERVER_REPLICAS", "http://u:1");
    var config =
        new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .addDefaultInterceptors()
            .addDiscoveredCustomizers()
            .withSources(
                new PropertiesConfigSource(properties, "test", 100),
                new EnvConfigSource(environment, 300))
            .build();

    var catalog = CatalogFactory.create(config);

    assertThat(catalog.models()).hasSize(201);
    assertThat(catalog.model("users")).isPresent();
    var fraud = catalog.model("fraud-0").orElseThrow();
    assertThat(fraud.featureViews()).hasSize(1);
    assertThat(fraud.refresh().maxWait()).isEqualTo(Duration.ofSeconds(9));
    assertThat(fraud.server().replicas()).isEqualTo(ReplicaAddress.parse("http://b:1"));
  }

  @Test
  void noModelsMakeAnEmptyCatalog() {
    var catalog = catalog(Map.of());

    assertThat(catalog.models()).isEmpty();
    assertThat(catalog.affectedBy(update(null, "users", Set.of()))).isEmpty();
  }

  private static FeatureUpdate update(String project, String view, Set<String> features) {
    return new FeatureUpdate(
        Optional.ofNullable(project),
        view,
        OptionalLong.empty(),
        features,
        List.of(),
        Instant.EPOCH,
        Change.VALUES,
        OptionalLong.empty(),
        Optional.empty());
  }
}
