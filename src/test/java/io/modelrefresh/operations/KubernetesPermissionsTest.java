package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.rbac.Role;
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
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The roles grant what the agent asks the API server for: nothing is missing, nothing is spare. */
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

    assertThat(granted("base/role.yaml")).isEqualTo(asked);
  }

  @Test
  void aNamespaceOfModelServersGrantsWhatDiscoveryAsksFor() {
    FollowedService.follow(client, "ml", "fraud");

    assertThat(granted("components/model-namespace/role.yaml")).isEqualTo(asked);
  }

  @Test
  void retrainingJobsGrantWhatTheLedgerAndTheQueueAskFor() {
    KubernetesRetraining.enqueue(client, "model-refresh");

    Set<String> granted = granted("components/retraining-jobs/role.yaml");
    granted.addAll(granted("components/retraining-ledger/role.yaml"));
    assertThat(granted).isEqualTo(askedOfAnyName());
  }

  @Test
  void theLedgerAloneGrantsWhatQueuesOutsideOfKubernetesAskFor() {
    KubernetesRetraining.keepALedger(client, "model-refresh");

    assertThat(granted("components/retraining-ledger/role.yaml")).isEqualTo(askedOfAnyName());
  }

  @Test
  void customResourcesGrantWhatTheExamplesOfThemAskFor() {
    for (String example : List.of("argo-workflow", "trainjob", "rayjob")) {
      KubernetesRetraining.enqueue(
          client,
          "model-refresh",
          Kustomizations.ROOT.resolve("examples/retraining/" + example + ".yaml"));
    }

    Set<String> granted = granted("components/retraining-custom-resources/role.yaml");
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

    assertThat(granted("components/retraining-jobs/role.yaml")).containsAll(askedOfAnyName());
    assertThat(api.creations())
        .isNotEmpty()
        .allMatch(path -> path.contains("/namespaces/model-refresh/"));
  }

  /** Of whatever name: a model is added without a change of the role. */
  private Set<String> askedOfAnyName() {
    Set<String> ofAnyName = new TreeSet<>();
    asked.forEach(each -> ofAnyName.add(each.split(" ")[0] + " " + each.split(" ")[1]));
    return ofAnyName;
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
  void aRequestNeedsAPermission(String method, URI uri, String permission) {
    assertThat(permission(method, uri)).isEqualTo(permission);
  }

  // ---- What is granted ----

  /** {@code verb resource.group}, and the name if it is granted for one only. */
  private static Set<String> granted(String file) {
    Set<String> granted = new TreeSet<>();
    var role =
        (Role) StrictManifests.parse(Kustomizations.read(Kustomizations.ROOT.resolve(file))).get(0);
    for (var rule : role.getRules()) {
      for (String group : rule.getApiGroups()) {
        for (String resource : rule.getResources()) {
          for (String verb : rule.getVerbs()) {
            String kind = verb + " " + resource + (group.isEmpty() ? "" : "." + group);
            if (rule.getResourceNames().isEmpty()) {
              granted.add(kind);
            }
            rule.getResourceNames().forEach(name -> granted.add(kind + " " + name));
          }
        }
      }
    }
    return granted;
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
                        asked.add(permission(request.method(), request.uri()));
                      }
                    }))
        .build();
  }

  private static final Pattern PATH =
      Pattern.compile("/apis?/(?:([^/]+)/)?v\\w+/namespaces/[^/]+/([^/]+)(?:/([^/]+))?");

  /** By Kubernetes' documentation, Authorization: request verbs. */
  private static String permission(String method, URI uri) {
    Matcher path = PATH.matcher(uri.getPath());
    assertThat(path.matches()).as("%s is a path of namespaced resources", uri).isTrue();
    boolean one = path.group(3) != null;
    boolean watched =
        uri.getQuery() != null && Arrays.asList(uri.getQuery().split("&")).contains("watch=true");
    String verb =
        switch (method) {
          case "GET" -> one ? "get" : watched ? "watch" : "list";
          case "POST" -> "create";
          case "PUT" -> "update";
          case "PATCH" -> "patch";
          case "DELETE" -> "delete";
          default -> throw new AssertionError(method + " " + uri);
        };
    return verb
        + " "
        + path.group(2)
        + (path.group(1) == null ? "" : "." + path.group(1))
        + (one ? " " + path.group(3) : "");
  }
}
