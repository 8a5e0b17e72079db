package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.NoTls;
import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.CatalogFile;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.refresh.HeldMessage;
import io.quarkus.tls.BaseTlsConfiguration;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SelfSignedCertificate;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** By whom a request is made and whom it trusts, all as the application puts it together. */
class HttpQueueWiringTest {

  private final Vertx vertx = Vertx.vertx();
  private final Messages messages = new Messages();
  private TlsConfigurationRegistry tls = new NoTls();
  private Optional<ScriptedServer> server = Optional.empty();
  private Optional<RetrainingFactory> factory = Optional.empty();
  @TempDir private Path directory;

  @AfterEach
  void close() {
    factory.ifPresent(RetrainingFactory::close);
    server.ifPresent(ScriptedServer::close);
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @Test
  void aTokenOfGooglesApplicationDefaultCredentialsGoesWithTheRequest() throws Exception {
    assumeThat(System.getenv("GOOGLE_APPLICATION_CREDENTIALS")).isNull();
    assumeThat(System.getenv("CLOUDSDK_CONFIG")).isNull();
    List<String> assertions = new CopyOnWriteArrayList<>();
    HttpServer tokens = tokenServer(assertions);
    String home = System.getProperty("user.home");
    writeCredentials("http://127.0.0.1:" + tokens.actualPort() + "/token");
    System.setProperty("user.home", directory.toString());
    try {
      retrain("http://127.0.0.1", "authentication: google");
    } finally {
      System.setProperty("user.home", home);
    }

    assertThat(server.orElseThrow().requests().get(0).headers())
        .containsEntry("authorization", "Bearer from-the-token-server");
    assertThat(assertions)
        .singleElement()
        .satisfies(
            assertion ->
                assertThat(assertion)
                    .contains("https://www.googleapis.com/auth/cloud-platform")
                    .contains("agent@it.iam.gserviceaccount.com"));
  }

  /** Takes a signed request for a token, of which it keeps what was signed. */
  private HttpServer tokenServer(List<String> assertions) {
    return vertx
        .createHttpServer()
        .requestHandler(
            request ->
                request
                    .setExpectMultipart(true)
                    .endHandler(
                        end -> {
                          String jwt = request.getFormAttribute("assertion");
                          assertions.add(
                              new String(
                                  Base64.getUrlDecoder().decode(jwt.split("\\.")[1]),
                                  StandardCharsets.UTF_8));
                          request
                              .response()
                              .putHeader("Content-Type", "application/json")
                              .end(
                                  new JsonObject()
                                      .put("access_token", "from-the-token-server")
                                      .put("token_type", "Bearer")
                                      .put("expires_in", 3600)
                                      .encode());
                        }))
        .listen(0, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  /**
   * Where Google's library looks for them (Google Cloud, "How Application Default Credentials
   * works").
   */
  private void writeCredentials(String tokenServer) throws Exception {
    KeyPairGenerator keys = KeyPairGenerator.getInstance("RSA");
    keys.initialize(2048);
    String key =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder()
                .encodeToString(keys.generateKeyPair().getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n";
    Path file = directory.resolve(".config/gcloud/application_default_credentials.json");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        new JsonObject()
            .put("type", "service_account")
            .put("project_id", "it")
            .put("private_key_id", "1")
            .put("private_key", key)
            .put("client_email", "agent@it.iam.gserviceaccount.com")
            .put("client_id", "1")
            .put("token_uri", tokenServer)
            .encode());
  }

  @Test
  void theTokenOfABearerFileGoesWithTheRequest() throws IOException {
    Path token = Files.writeString(directory.resolve("token"), "from-the-file\n");

    retrain("http://127.0.0.1", "bearer-token-file: " + token);

    assertThat(server.orElseThrow().requests().get(0).headers())
        .containsEntry("authorization", "Bearer from-the-file");
  }

  @Test
  void aServerIsTrustedByTheTlsConfigurationNamedAndByNoOther() {
    SelfSignedCertificate certificate = SelfSignedCertificate.create("localhost");
    server =
        Optional.of(
            new ScriptedServer(
                vertx,
                new HttpServerOptions()
                    .setSsl(true)
                    .setKeyCertOptions(certificate.keyCertOptions()),
                request -> new JsonObject(request.body()).getString("name")));
    tls = new OneTrusted("training", certificate.trustOptions());
    Retraining untrusting = offer("https://localhost", "authentication: none");
    await().untilAsserted(() -> assertThat(untrusting.problems()).containsKey("fraud"));
    assertThat(server.get().requests()).isEmpty();
    factory.orElseThrow().close();

    retrain("https://localhost", "tls-configuration-name: training");

    assertThat(server.get().requests()).hasSize(1);
  }

  @Test
  void aTlsConfigurationThatIsNotThereStopsTheStart() {
    Catalog catalog = catalog("https://localhost:1", "tls-configuration-name: training");

    assertThatThrownBy(() -> newFactory().requireUsable(catalog.models()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "model-refresh.models.fraud.retraining.http.tls-configuration-name: there is no"
                + " quarkus.tls.training.*");
  }

  private void retrain(String scheme, String settings) {
    Retraining agent = offer(scheme, settings);

    await()
        .untilAsserted(
            () ->
                assertThat(agent.recentJobs())
                    .singleElement()
                    .satisfies(job -> assertThat(job.outcome()).isEqualTo("enqueued")));
  }

  private Retraining offer(String server, String settings) {
    Catalog catalog = catalog(server + ":" + started().port(), settings);
    RetrainingFactory made = newFactory();
    made.requireUsable(catalog.models());
    Retraining agent =
        made.create(
            () -> catalog,
            (delay, task) -> {
              long timer = vertx.setTimer(Math.max(1, delay.toMillis()), id -> task.run());
              return () -> vertx.cancelTimer(timer);
            },
            new Random(1),
            new SilentListener());
    HeldMessage message = messages.hold(settings);
    agent.offer(
        catalog.model("fraud").orElseThrow(),
        RetrainedModel.trigger(Kind.SCHEMA, Instant.now()),
        message);
    message.release();
    return agent;
  }

  private ScriptedServer started() {
    if (server.isEmpty()) {
      server =
          Optional.of(
              new ScriptedServer(
                  vertx, request -> new JsonObject(request.body()).getString("name")));
    }
    return server.get();
  }

  private Catalog catalog(String server, String settings) {
    return new CatalogFile(directory.resolve("catalog.yaml"))
        .parse(
            """
            model-refresh:
              models:
                fraud:
                  feature-views: ["*"]
                  server: { protocol: open-inference, replicas: "http://127.0.0.1:1" }
                  retraining:
                    changes: [schema]
                    queue: http
                    http:
                      url: %s/jobs
                      %s
            """
                .formatted(server, settings));
  }

  private RetrainingFactory newFactory() {
    RetrainingFactory made =
        new RetrainingFactory(
            new RetrainingSettings("memory", Optional.empty(), Duration.ofMillis(100)),
            false,
            () -> {
              throw new AssertionError("nothing is asked of Kubernetes");
            },
            () -> null,
            tls,
            vertx,
            Clock.systemUTC());
    factory = Optional.of(made);
    return made;
  }

  private record OneTrusted(String name, TrustOptions trust) implements TlsConfigurationRegistry {

    @Override
    public Optional<TlsConfiguration> get(String asked) {
      return name.equals(asked)
          ? Optional.of(
              new BaseTlsConfiguration() {
                @Override
                public TrustOptions getTrustStoreOptions() {
                  return trust;
                }
              })
          : Optional.empty();
    }

    @Override
    public Optional<TlsConfiguration> getDefault() {
      return Optional.empty();
    }

    @Override
    public void register(String registered, TlsConfiguration configuration) {
      throw new UnsupportedOperationException();
    }
  }
}
