package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonPointer;
import io.modelrefresh.NoTls;
import io.modelrefresh.catalog.Endpoint;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.catalog.ServerSettings.Access;
import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.catalog.ServerSettings.Protocol;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelServersTest {

  private static final RefreshPolicy POLICY =
      new RefreshPolicy(
          Duration.ZERO,
          Duration.ZERO,
          MaxUnavailable.parse("1"),
          5,
          RefreshPolicy.OnStart.IF_UNKNOWN,
          Optional.empty());

  private final Vertx vertx = Vertx.vertx();
  private final ModelServers servers =
      new ModelServers(
          vertx,
          new NoTls(),
          new HostAddresses(),
          new EndpointSliceWatches(
              () -> fail("no model names a Kubernetes service"),
              Clock.systemUTC(),
              vertx,
              Duration.ofSeconds(1)));
  private final FakeModelServer first = FakeModelServer.start().model("fraud_detector");
  private final FakeModelServer second = FakeModelServer.start().model("fraud_detector");

  @AfterEach
  void close() {
    servers.close();
    vertx.close();
    first.close();
    second.close();
  }

  private static Model model(
      Protocol protocol, ReplicaAddress replicas, Optional<HttpRequestTemplate> http) {
    return new Model(
        "fraud",
        List.of(),
        false,
        new ServerSettings(protocol, replicas, "fraud_detector", Duration.ofSeconds(20), http),
        POLICY);
  }

  private static Endpoint endpoint(FakeModelServer server, String host) {
    return new Endpoint("http", host, server.replica().port());
  }

  private void loadEveryReplica(Model model) {
    ReplicaLoader loader = servers.loaderFor(model);
    LoadRequest request = new LoadRequest("r", Optional.empty(), List.of(), true);
    Set<Replica> replicas = servers.discoveryFor(model).replicas().await().indefinitely();
    for (Replica replica : replicas) {
      assertThat(loader.load(replica, request).await().indefinitely()).isEqualTo(new Confirmed());
    }
  }

  @Test
  void everyListedReplicaIsLoadedByItsNameOnTheServer() {
    loadEveryReplica(
        model(
            Protocol.OPEN_INFERENCE,
            new ReplicaAddress.Static(
                List.of(endpoint(first, "127.0.0.1"), endpoint(second, "localhost"))),
            Optional.empty()));

    assertThat(first.loads("fraud_detector")).hasSize(1);
    assertThat(second.loads("fraud_detector")).hasSize(1);
  }

  @Test
  void aReplicaFoundByItsHostNameIsLoadedByACustomRequest() {
    first.loadRoute("POST", "/reload/fraud_detector", "fraud_detector");

    loadEveryReplica(
        model(
            Protocol.HTTP,
            new ReplicaAddress.Dns(endpoint(first, "localhost")),
            Optional.of(
                new HttpRequestTemplate(
                    "POST",
                    "/reload/{model}",
                    Map.of(),
                    Optional.empty(),
                    Set.of(),
                    Optional.empty()))));

    assertThat(first.loads("fraud_detector")).hasSize(1);
  }

  @Test
  void aBrokenTemplateIsFoundWhenTheLoaderIsMade() {
    Model model =
        model(
            Protocol.HTTP,
            new ReplicaAddress.Static(List.of(endpoint(first, "127.0.0.1"))),
            Optional.of(
                new HttpRequestTemplate(
                    "POST",
                    "/reload",
                    Map.of(),
                    Optional.of("{#if}"),
                    Set.of(),
                    Optional.empty())));

    assertThatThrownBy(() -> servers.loaderFor(model))
        .hasMessageStartingWith("model-refresh.models.fraud.server.http.body: line 1");
  }

  @Test
  void aTlsConfigurationThatDoesNotExistIsFoundWhenTheLoaderIsMade() {
    Access access = new Access(Optional.empty(), Optional.of("ml"), Optional.empty());
    Model model =
        new Model(
            "fraud",
            List.of(),
            false,
            new ServerSettings(
                Protocol.OPEN_INFERENCE,
                new ReplicaAddress.Static(List.of(new Endpoint("https", "127.0.0.1", 1))),
                "fraud_detector",
                Duration.ofSeconds(20),
                Optional.empty(),
                Optional.empty(),
                access,
                Optional.empty()),
            POLICY);

    assertThatThrownBy(() -> servers.loaderFor(model))
        .hasMessage(
            "model-refresh.models.fraud.server.tls-configuration-name: there is no quarkus.tls.ml.*,"
                + " add it");
  }

  @Test
  void whatAModelIsConfiguredWithReachesItsRequests(@TempDir Path directory) throws IOException {
    FakeTriton triton = FakeTriton.start().model("fraud_detector");
    Path token = Files.writeString(directory.resolve("token"), "secret");
    Path config = Files.writeString(directory.resolve("config"), "{\"max_batch_size\": 4}");
    Model model =
        new Model(
            "fraud",
            List.of(),
            false,
            new ServerSettings(
                Protocol.TRITON,
                new ReplicaAddress.Static(List.of(endpoint(triton, "127.0.0.1"))),
                "fraud_detector",
                Duration.ofSeconds(20),
                Optional.empty(),
                Optional.of(config),
                new Access(Optional.of(token), Optional.empty(), Optional.of("fraud.ml.svc:80")),
                Optional.of(
                    new SmokeCheck(
                        "/v2/models/fraud_detector/infer",
                        Optional.of("{}"),
                        Optional.of(JsonPointer.compile("/outputs"))))),
            POLICY);

    loadEveryReplica(model);

    assertThat(triton.config("fraud_detector").getInteger("max_batch_size")).isEqualTo(4);
    assertThat(triton.requests())
        .extracting(request -> request.method() + " " + request.uri())
        .endsWith("POST /v2/models/fraud_detector/infer");
    assertThat(triton.requests())
        .allSatisfy(
            request ->
                assertThat(request.headers())
                    .containsEntry("authorization", "Bearer secret")
                    .containsEntry("host", "fraud.ml.svc:80"));
    triton.close();
  }
}
