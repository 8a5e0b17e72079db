package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.modelrefresh.ApiServer;
import io.modelrefresh.leadership.LeaseElection;
import io.modelrefresh.leadership.LeaseSettings;
import io.modelrefresh.leadership.Standing;
import io.modelrefresh.retraining.KubernetesRetraining;
import io.modelrefresh.serving.FollowedService;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The roles grant what the agent asks the API server for: nothing is missing, nothing is spare.
 * That nothing is missing every other test with an {@link ApiServer} looks at, too.
 */
class KubernetesPermissionsTest {

  private static final String LEASE = "model-refresh-agent";

  private final ApiServer api = new ApiServer().up();
  private final Set<String> asked = new ConcurrentSkipListSet<>();
  private final KubernetesClient client = recorded();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  @AfterEach
  void close() {
    client.close();
    timer.shutdownNow();
    api.close();
  }

  @Test
  void theBaseGrantsWhatDiscoveryAndTheLeaseAskFor() {
    FollowedService.follow(client, "model-refresh", "fraud");
    competeForTheLease();

    assertThat(Permissions.granted("base/role.yaml")).isEqualTo(asked);
  }

  @Test
  void aNamespaceOfModelServersGrantsWhatDiscoveryAsksFor() {
    FollowedService.follow(client, "ml", "fraud");

    assertThat(Permissions.granted("components/model-namespace/role.yaml")).isEqualTo(asked);
  }

  @Test
  void retrainingJobsGrantWhatTheLedgerAndTheQueueAskFor() {
    KubernetesRetraining.enqueue(client, "model-refresh");

    Set<String> granted = Permissions.granted("components/retraining-jobs/role.yaml");
    granted.addAll(Permissions.granted("components/retraining-ledger/role.yaml"));
    assertThat(granted).isEqualTo(askedOfAnyName());
  }

  @Test
  void theLedgerAloneGrantsWhatQueuesOutsideOfKubernetesAskFor() {
    KubernetesRetraining.keepALedger(client, "model-refresh");

    assertThat(Permissions.granted("components/retraining-ledger/role.yaml"))
        .isEqualTo(askedOfAnyName());
  }

  @Test
  void customResourcesGrantWhatTheExamplesOfThemAskFor() {
    for (String example : List.of("argo-workflow", "trainjob", "rayjob")) {
      KubernetesRetraining.enqueue(
          client,
          "model-refresh",
          Kustomizations.ROOT.resolve("examples/retraining/" + example + ".yaml"));
    }

    Set<String> granted = Permissions.granted("components/retraining-custom-resources/role.yaml");
    granted.add("create events"); // By components/retraining-jobs.
    assertThat(granted).isEqualTo(askedOfAnyName());
    assertThat(api.creations())
        .as("where the roles are")
        .isNotEmpty()
        .allMatch(path -> path.contains("/namespaces/model-refresh/"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"job", "job-kueue"})
  void jobsOfTheExamplesAreGranted(String example) {
    KubernetesRetraining.enqueue(
        client,
        "model-refresh",
        Kustomizations.ROOT.resolve("examples/retraining/" + example + ".yaml"));

    assertThat(Permissions.granted("components/retraining-jobs/role.yaml"))
        .containsAll(askedOfAnyName());
    assertThat(api.creations())
        .isNotEmpty()
        .allMatch(path -> path.contains("/namespaces/model-refresh/"));
  }

  /** Of whatever name: a model is added without a change of the role. */
  private Set<String> askedOfAnyName() {
    Set<String> ofAnyName = new TreeSet<>();
    asked.forEach(each -> ofAnyName.add(Permissions.ofAnyName(each)));
    return ofAnyName;
  }

  @Test
  void whoAsksForMoreThanTheRolesGrantIsFoundOut() {
    ApiServer other = new ApiServer().up();
    other.client().pods().inNamespace("ml").list();

    assertThatThrownBy(other::close).hasMessageContaining("list pods");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /apis/discovery.k8s.io/v1/namespaces/ml/endpointslices?labelSelector=a, list endpointslices.discovery.k8s.io",
    "GET, /apis/discovery.k8s.io/v1/namespaces/ml/endpointslices?watch=true, watch endpointslices.discovery.k8s.io",
    "GET, /apis/coordination.k8s.io/v1/namespaces/ml/leases/a, get leases.coordination.k8s.io a",
    "POST, /apis/coordination.k8s.io/v1/namespaces/ml/leases?x=y, create leases.coordination.k8s.io",
    "PUT, /apis/coordination.k8s.io/v1/namespaces/ml/leases/a, update leases.coordination.k8s.io a",
    "PATCH, /apis/coordination.k8s.io/v1/namespaces/ml/leases/a, patch leases.coordination.k8s.io a",
    "DELETE, /api/v1/namespaces/ml/configmaps/a, delete configmaps a",
  })
  void aRequestNeedsAPermission(String method, String uri, String permission) {
    assertThat(Permissions.needed(method, uri)).isEqualTo(permission);
  }

  // ---- What is asked for ----

  /** Takes it, renews it, looks on while another has it, gives it back. */
  private void competeForTheLease() {
    LeaseElection first = election("first");
    await().until(() -> first.standing() instanceof Standing.Active);
    LeaseElection second = election("second");
    await().until(() -> second.standing().toString().contains("first"));
    first.close();
    await().until(() -> second.standing() instanceof Standing.Active);
    second.close();
  }

  private LeaseElection election(String identity) {
    var election =
        new LeaseElection(
            () -> client,
            new LeaseSettings("model-refresh", LEASE, identity, Duration.ofMillis(1600)),
            (delay, task) -> timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS),
            new LeaseElection.Listener() {
              @Override
              public void activated() {}

              @Override
              public void superseded(String holder) {}
            });
    election.start();
    return election;
  }

  private KubernetesClient recorded() {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl(api.url())
                .withHttp2Disable(true)
                .build())
        .withHttpClientBuilderConsumer(
            http ->
                http.addOrReplaceInterceptor(
                    "record",
                    new Interceptor() {
                      @Override
                      public void before(
                          BasicBuilder builder, HttpRequest request, RequestTags tags) {
                        asked.add(Permissions.needed(request.method(), path(request.uri())));
                      }
                    }))
        .build();
  }

  private static String path(URI uri) {
    return uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
  }
}
