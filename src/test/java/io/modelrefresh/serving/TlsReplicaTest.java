package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SelfSignedCertificate;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A replica dialled by its address, whose certificate is for the name of its service. */
@QuarkusTest
@TestProfile(TlsReplicaTest.OneTrustedCertificate.class)
class TlsReplicaTest {

  public static class OneTrustedCertificate implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      SelfSignedCertificate certificate = SelfSignedCertificate.create("fraud.ml.svc");
      Path rotated = copy(certificate.certificatePath());
      Map<String, String> overrides = new HashMap<>();
      overrides.put("test.key", certificate.privateKeyPath());
      overrides.put("test.certificate", certificate.certificatePath());
      overrides.put("quarkus.tls.ml.trust-store.pem.certs", certificate.certificatePath());
      overrides.put("test.rotated", rotated.toString());
      overrides.put("quarkus.tls.rotated.trust-store.pem.certs", rotated.toString());
      overrides.putAll(model("rotated", "rotated", "fraud.ml.svc"));
      overrides.putAll(model("named", "ml", "fraud.ml.svc"));
      overrides.putAll(model("named-with-port", "ml", "fraud.ml.svc:443"));
      overrides.putAll(model("by-address", "ml", null));
      overrides.putAll(model("wrong-name", "ml", "other.ml.svc"));
      overrides.putAll(model("without-trust", null, "fraud.ml.svc"));
      return overrides;
    }

    private static Path copy(String file) {
      try {
        Path copy = Files.createTempFile("rotated", ".pem");
        copy.toFile().deleteOnExit();
        return Files.copy(Path.of(file), copy, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static Map<String, String> model(String name, String tls, String authority) {
      String key = "model-refresh.models." + name + ".";
      Map<String, String> model = new HashMap<>();
      model.put(key + "feature-views", "users");
      model.put(key + "server.protocol", "open-inference");
      model.put(key + "server.replicas", "https://127.0.0.1:1");
      model.put(key + "refresh.on-start", "never");
      if (tls != null) {
        model.put(key + "server.tls-configuration-name", tls);
      }
      if (authority != null) {
        model.put(key + "server.authority", authority);
      }
      return model;
    }
  }

  /** What a server learns of whom a request is for. */
  private record Addressed(String serverName, String host) {}

  @Inject LiveCatalog catalog;
  @Inject ModelServers servers;
  @Inject Vertx vertx;

  @ConfigProperty(name = "test.key")
  String key;

  @ConfigProperty(name = "test.certificate")
  String certificate;

  @ConfigProperty(name = "test.rotated")
  Path rotated;

  @Inject TlsConfigurationRegistry tls;
  @Inject Event<CertificateUpdatedEvent> certificateUpdates;

  private final Queue<Addressed> requests = new ConcurrentLinkedQueue<>();
  private HttpServer server;

  @BeforeEach
  void listen() {
    listen(key, certificate);
  }

  private void listen(String key, String certificate) {
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setSni(true)
                    .setKeyCertOptions(
                        new PemKeyCertOptions().setKeyPath(key).setCertPath(certificate)))
            .requestHandler(
                request -> {
                  requests.add(
                      new Addressed(
                          request.connection().indicatedServerName(), request.getHeader("Host")));
                  request.response().end("{}");
                })
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
  }

  @AfterEach
  void close() {
    server.close().toCompletionStage().toCompletableFuture().join();
  }

  private LoadOutcome load(String model) {
    return servers
        .loaderFor(catalog.current().model(model).orElseThrow())
        .load(
            new Replica("https", "127.0.0.1", server.actualPort()),
            new LoadRequest("rollout-1", Optional.empty(), List.of(), true))
        .await()
        .indefinitely();
  }

  private void assertUnreachable(String model, String reason) {
    assertThat(load(model))
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> {
              assertThat(failed.kind()).isEqualTo(Kind.UNREACHABLE);
              assertThat(failed.reason()).contains(reason);
            });
    assertThat(requests).isEmpty();
  }

  @Test
  void aReplicaIsAskedByTheNameOfItsServiceAndTrustedByTheNamedConfiguration() {
    assertThat(load("named")).isEqualTo(new Confirmed());

    assertThat(requests).containsOnly(new Addressed("fraud.ml.svc", "fraud.ml.svc")).hasSize(2);
  }

  @Test
  void aPortInTheAuthorityIsForTheHostHeaderOnly() {
    assertThat(load("named-with-port")).isEqualTo(new Confirmed());

    assertThat(requests).containsOnly(new Addressed("fraud.ml.svc", "fraud.ml.svc:443"));
  }

  @Test
  void aCertificateForAnotherNameIsRefused() {
    assertUnreachable("by-address", "No subject alternative names present");
    assertUnreachable("wrong-name", "other.ml.svc");
  }

  @Test
  void aCertificateNobodyVouchesForIsRefused() {
    assertUnreachable("without-trust", "unable to find valid certification path");
  }

  @Test
  void aRenewedTrustStoreIsTakenOver() throws IOException {
    assertThat(load("rotated")).isEqualTo(new Confirmed());
    close();
    SelfSignedCertificate renewed = SelfSignedCertificate.create("fraud.ml.svc");
    listen(renewed.privateKeyPath(), renewed.certificatePath());
    requests.clear();
    assertUnreachable("rotated", "Failed to create SSL connection");

    Files.copy(Path.of(renewed.certificatePath()), rotated, StandardCopyOption.REPLACE_EXISTING);
    TlsConfiguration configuration = tls.get("rotated").orElseThrow();
    configuration.reload();
    // As Quarkus does after each reload-period.
    certificateUpdates.fire(new CertificateUpdatedEvent("rotated", configuration));

    await().untilAsserted(() -> assertThat(load("rotated")).isEqualTo(new Confirmed()));
    renewed.delete();
  }
}
