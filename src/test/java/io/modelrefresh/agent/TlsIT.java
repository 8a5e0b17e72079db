package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.emulator.EmbeddedPubSub;
import io.vertx.core.net.SelfSignedCertificate;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged agent with the settings of the TLS component, in the place of a mounted Secret. */
class TlsIT {

  private static final Path SETTINGS = Path.of("kubernetes/components/tls/tls.properties");
  private static final String MOUNTED = "/etc/model-refresh-tls";

  @TempDir Path mount;

  @Test
  void everyPortSpeaksTlsAloneAndTakesUpARenewedCertificate() throws Exception {
    Path first = mountCertificate();
    Map<String, String> configuration = settings();
    int port = AgentProcess.freePort();
    configuration.put("quarkus.http.ssl-port", Integer.toString(port));
    configuration.put("quarkus.tls.agent.reload-period", "1s");

    try (EmbeddedPubSub emulator = EmbeddedPubSub.start()) {
      emulator.createTopic("projects/it/topics/feature-updates");
      emulator.createSubscription(
          "projects/it/subscriptions/feature-updates-sub", "projects/it/topics/feature-updates");
      emulator.createTopic("projects/it/topics/feature-updates-dead-letter");
      try (AgentProcess agent = AgentProcess.start(emulator.address(), configuration)) {
        String management = agent.managementAddress().replace("127.0.0.1", "localhost");
        HttpClient client = trusting(first);
        await()
            .atMost(AgentProcess.START)
            .until(() -> status(client, management + "/q/health/ready") == 200);
        assertThat(status(client, "localhost:" + port + "/v1/models")).isEqualTo(200);
        assertThat(agent.readiness()).as("without TLS").isNotEqualTo(200);

        Path renewed = mountCertificate();

        await()
            .atMost(AgentProcess.START)
            .untilAsserted(
                () -> {
                  HttpClient next = trusting(renewed);
                  assertThat(status(next, management + "/q/health/live")).isEqualTo(200);
                  assertThat(status(next, "localhost:" + port + "/v1/models")).isEqualTo(200);
                });
        assertThat(status(trusting(first), "localhost:" + port + "/v1/models"))
            .as("by the certificate before")
            .isEqualTo(-1);
      }
    }
  }

  /** What the component mounts, but for where it is. */
  private Map<String, String> settings() throws IOException {
    Properties read = new Properties();
    try (InputStream in = Files.newInputStream(SETTINGS)) {
      read.load(in);
    }
    Map<String, String> configuration = new HashMap<>();
    read.forEach(
        (key, value) ->
            configuration.put(key.toString(), value.toString().replace(MOUNTED, mount.toString())));
    return configuration;
  }

  /** Puts a new certificate and its key in place of the ones before; returns a copy of it. */
  private Path mountCertificate() throws IOException {
    SelfSignedCertificate made = SelfSignedCertificate.create("localhost");
    Path certificate = Path.of(made.certificatePath());
    Files.copy(
        Path.of(made.privateKeyPath()),
        mount.resolve("tls.key"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.copy(certificate, mount.resolve("tls.crt"), StandardCopyOption.REPLACE_EXISTING);
    return certificate;
  }

  private static HttpClient trusting(Path certificate)
      throws GeneralSecurityException, IOException {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream pem = Files.newInputStream(certificate)) {
      trusted.setCertificateEntry(
          "agent", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  /** -1 when there is no answer by TLS with a certificate that the client trusts. */
  private static int status(HttpClient client, String at) throws InterruptedException {
    try {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("https://" + at)).build(),
              BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      return -1;
    }
  }
}
