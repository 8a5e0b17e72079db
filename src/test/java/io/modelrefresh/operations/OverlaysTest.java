package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.modelrefresh.pubsub.PubSubConnector;
import io.smallrye.reactive.messaging.annotations.ConnectorAttribute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the rendered overlays are together, and what they promise. */
class OverlaysTest {

  private static final Path GKE = Kustomizations.ROOT.resolve("overlays/gke");

  @BeforeEach
  void needsKubectl() {
    Tool.needed(Kustomizations.canRender(), Kustomizations.NO_KUBECTL);
  }

  static Stream<Path> overlays() {
    return Kustomizations.roots().stream().filter(root -> root.getParent().endsWith("overlays"));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void everyNameThatAnObjectMentionsIsThere(Path overlay) {
    assertThat(References.problems(objects(overlay))).isEmpty();
  }

  @ParameterizedTest(name = "\"{0}\" for \"{1}\" is noticed: {2}")
  @CsvSource({
    "'      app.kubernetes.io/name: model-refresh-agent\n  strategy', '      app: agent\n  strategy', does not match its own pods",
    "serviceAccountName: model-refresh-agent, serviceAccountName: agent, no ServiceAccount agent",
    "'mountPath: /tmp\n          name: tmp', 'mountPath: /tmp\n          name: temp', no volume temp",
    "'name: model-refresh-catalog\n        name: catalog', 'name: catalogue\n        name: catalog', no ConfigMap catalogue",
    "'path: /q/health/live\n            port: management', 'path: /q/health/live\n            port: managment', a probe's port",
    "targetPort: http, targetPort: web, no pod has its target port: web",
    "'path: /q/metrics\n    port: management', 'path: /q/metrics\n    port: metrics', the port it scrapes: metrics",
    "'    - port: management\n      protocol', '    - port: metrics\n      protocol', the port it lets in: metrics",
    "'kind: Role\n  name: model-refresh-agent\n', 'kind: Role\n  name: agent\n', no Role agent",
    "'name: model-refresh-agent\n  namespace: model-refresh\n---\napiVersion: v1\ndata', 'name: model-refresh-agent\n  namespace: ml\n---\napiVersion: v1\ndata', no ServiceAccount ml/model-refresh-agent",
    "'  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: model-refresh-agent', '  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: agent', selects no pod",
  })
  void aNameThatLeadsNowhereIsCaught(String right, String wrong, String problem) {
    String rendered = Kustomizations.render(GKE);
    assertThat(rendered).contains(right);

    List<String> problems =
        References.problems(StrictManifests.parse(rendered.replace(right, wrong)));

    assertThat(problems).anySatisfy(found -> assertThat(found).contains(problem));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void podsAreOfTheRestrictedPodSecurityLevelThatTheirNamespaceEnforces(Path overlay) {
    assertThat(of(overlay, Namespace.class))
        .singleElement()
        .satisfies(
            namespace ->
                assertThat(namespace.getMetadata().getLabels())
                    .containsEntry("pod-security.kubernetes.io/enforce", "restricted"));

    for (Deployment deployment : of(overlay, Deployment.class).toList()) {
      PodSpec pod = deployment.getSpec().getTemplate().getSpec();
      assertThat(pod.getHostNetwork()).isNull();
      assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
      assertThat(pod.getSecurityContext().getRunAsUser()).isPositive();
      assertThat(pod.getSecurityContext().getSeccompProfile().getType())
          .isEqualTo("RuntimeDefault");
      assertThat(pod.getVolumes())
          .allMatch(volume -> volume.getConfigMap() != null || volume.getEmptyDir() != null);
      assertThat(pod.getContainers())
          .allSatisfy(
              container -> {
                assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
                assertThat(container.getSecurityContext().getCapabilities())
                    .extracting(Capabilities::getDrop)
                    .isEqualTo(List.of("ALL"));
              });
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void theAgentWritesNowhereButInTmp(Path overlay) {
    PodSpec pod = agent(overlay).getSpec();
    List<String> writable =
        pod.getVolumes().stream()
            .filter(volume -> volume.getEmptyDir() != null)
            .map(Volume::getName)
            .toList();

    assertThat(container(overlay).getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
    assertThat(container(overlay).getVolumeMounts())
        .filteredOn(mount -> writable.contains(mount.getName()))
        .singleElement()
        .satisfies(mount -> assertThat(mount.getMountPath()).isEqualTo("/tmp"));
    assertThat(container(overlay).getVolumeMounts())
        .filteredOn(mount -> !writable.contains(mount.getName()))
        .allSatisfy(mount -> assertThat(mount.getReadOnly()).isTrue());
  }

  /** As kubernetes/README.md says to do it. */
  @Test
  void aTemplateThatAnOverlayBringsIsWhereTheCatalogSaysItIs(@TempDir Path directory)
      throws IOException {
    Path example = Kustomizations.ROOT.resolve("examples/retraining/job.yaml");
    Files.copy(example, directory.resolve("job.yaml"));
    Path base = Files.createDirectory(directory.resolve("kubernetes"));
    copy(Kustomizations.ROOT.resolve("base"), base.resolve("base"));
    copy(Kustomizations.ROOT.resolve("components"), base.resolve("components"));
    Files.writeString(
        directory.resolve("kustomization.yaml"),
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources: [kubernetes/base]
        components:
          - kubernetes/components/retraining-jobs
          - kubernetes/components/retraining-custom-resources
        """
            + generator(Files.readString(Kustomizations.ROOT.resolve("README.md"))));

    assertThat(References.problems(objects(directory))).isEmpty();
    VolumeMount mount =
        container(directory).getVolumeMounts().stream()
            .filter(each -> each.getName().equals("retraining-templates"))
            .findFirst()
            .orElseThrow();
    assertThat(mount.getMountPath()).isEqualTo("/etc/retraining");
    assertThat(of(directory, ConfigMap.class))
        .filteredOn(map -> map.getMetadata().getName().equals("model-refresh-retraining-templates"))
        .singleElement()
        .satisfies(map -> assertThat(map.getData()).containsKey("job.yaml"));
    assertThat(
            agent(directory).getSpec().getVolumes().stream()
                .filter(volume -> volume.getName().equals(mount.getName()))
                .map(volume -> volume.getConfigMap().getName()))
        .containsExactly("model-refresh-retraining-templates");
  }

  @Test
  void withTheTlsComponentProbesSpeakTlsAndTheSettingsAreWhereTheAgentLooksForThem(
      @TempDir Path directory) throws IOException {
    copy(Kustomizations.ROOT, directory.resolve("kubernetes"));
    Files.writeString(
        directory.resolve("kustomization.yaml"),
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources: [kubernetes/overlays/gke]
        components: [kubernetes/components/tls]
        """);

    assertThat(References.problems(objects(directory))).isEmpty();
    Container container = container(directory);
    assertThat(
            Stream.of(
                container.getStartupProbe(),
                container.getLivenessProbe(),
                container.getReadinessProbe()))
        .allMatch(probe -> probe.getHttpGet().getScheme().equals("HTTPS"));
    List<String> mounts =
        container.getVolumeMounts().stream().map(VolumeMount::getMountPath).toList();
    assertThat(settings(directory).get("SMALLRYE_CONFIG_LOCATIONS"))
        .isEqualTo("/etc/model-refresh-tls-settings/tls.properties");
    assertThat(mounts).contains("/etc/model-refresh-tls-settings", "/etc/model-refresh-tls");
  }

  /** The README's own text, so that it is what works. */
  private static String generator(String readme) {
    int start = readme.indexOf("configMapGenerator:\n  - name: model-refresh-retraining-templates");
    return readme.substring(start, readme.indexOf("```", start));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void theGracePeriodIsLongerThanThePauseBeforeTheDrainAndTheDrain(Path overlay) {
    Duration drain =
        Arrays.stream(PubSubConnector.class.getAnnotationsByType(ConnectorAttribute.class))
            .filter(attribute -> attribute.name().equals("drain-timeout"))
            .map(attribute -> Duration.parse("PT" + attribute.defaultValue()))
            .findFirst()
            .orElseThrow();
    long pause = container(overlay).getLifecycle().getPreStop().getSleep().getSeconds();

    assertThat(Duration.ofSeconds(agent(overlay).getSpec().getTerminationGracePeriodSeconds()))
        .isGreaterThanOrEqualTo(drain.plusSeconds(pause + 15));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void twoAgentsRunAndOneMayBeEvictedAtATime(Path overlay) {
    Deployment agents =
        of(overlay, Deployment.class)
            .filter(deployment -> deployment.getMetadata().getName().equals("model-refresh-agent"))
            .findFirst()
            .orElseThrow();

    assertThat(agents.getSpec().getReplicas()).isEqualTo(2);
    assertThat(of(overlay, PodDisruptionBudget.class))
        .singleElement()
        .satisfies(
            budget -> assertThat(budget.getSpec().getMaxUnavailable().getIntVal()).isEqualTo(1));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void everyImageIsOfATagThatANodeMayHaveAlready(Path overlay) {
    assertThat(of(overlay, Deployment.class))
        .flatExtracting(deployment -> deployment.getSpec().getTemplate().getSpec().getContainers())
        .allSatisfy(
            container ->
                assertThat(container.getImage())
                    .matches("[^:]+(:\\d+/[^:]+)?:[^:/]+")
                    .doesNotEndWith(":latest"));
    assertThat(container(overlay).getImagePullPolicy()).isEqualTo("IfNotPresent");
  }

  @Test
  void onGkeTheAgentIsAServiceAccountOfTheProjectByWorkloadIdentity() {
    assertThat(of(GKE, ServiceAccount.class))
        .singleElement()
        .satisfies(
            account ->
                assertThat(account.getMetadata().getAnnotations())
                    .containsEntry(
                        "iam.gke.io/gcp-service-account",
                        "model-refresh-agent@PROJECT_ID.iam.gserviceaccount.com"));
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void everySettingOfTheAgentIsAKeyOfTheReadme(Path overlay) {
    Set<String> keys =
        Kustomizations.read(Path.of("README.md"))
            .lines()
            .filter(line -> line.startsWith("| `model-refresh."))
            .map(line -> line.substring(3, line.indexOf('`', 3)))
            .map(key -> key.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT))
            .collect(Collectors.toSet());

    Stream<String> variables =
        Stream.concat(
            container(overlay).getEnv().stream().map(EnvVar::getName),
            settings(overlay).keySet().stream());

    assertThat(variables.filter(name -> name.startsWith("MODEL_REFRESH_")))
        .contains("MODEL_REFRESH_CATALOG_LOCATION", "MODEL_REFRESH_LEASE_NAME")
        .isSubsetOf(keys);
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void theCatalogIsMountedWhereTheAgentLooksForIt(Path overlay) {
    ConfigMap catalog =
        of(overlay, ConfigMap.class)
            .filter(map -> map.getMetadata().getName().equals("model-refresh-catalog"))
            .findFirst()
            .orElseThrow();
    String mounted =
        container(overlay).getVolumeMounts().stream()
            .filter(mount -> mount.getName().equals("catalog"))
            .map(VolumeMount::getMountPath)
            .findFirst()
            .orElseThrow();

    assertThat(settings(overlay).get("MODEL_REFRESH_CATALOG_LOCATION"))
        .isIn(catalog.getData().keySet().stream().map(file -> mounted + "/" + file).toList());
  }

  @Test
  void theOverlayOfOnesOwnThatTheReadmeShowsRenders(@TempDir Path directory) throws IOException {
    for (Path file : Kustomizations.files().toList()) {
      Path copy = directory.resolve("model-refresh-agent").resolve(file);
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
    String readme = Kustomizations.read(Kustomizations.ROOT.resolve("README.md"));
    String shown = readme.substring(readme.indexOf("```yaml") + 7, readme.indexOf("   ```\n\n3."));
    Files.writeString(directory.resolve("kustomization.yaml"), shown.indent(-3));
    Files.copy(GKE.resolve("catalog.yaml"), directory.resolve("catalog.yaml"));

    String rendered = Kustomizations.render(directory);

    assertThat(References.problems(StrictManifests.parse(rendered))).isEmpty();
    assertThat(rendered)
        .doesNotContain("/PROJECT_ID", "@PROJECT_ID", ": PROJECT_ID")
        .contains("image: europe-docker.pkg.dev/my-project/tools/model-refresh-agent:0.1.0");
  }

  private static Map<String, String> settings(Path overlay) {
    return of(overlay, ConfigMap.class)
        .filter(map -> map.getMetadata().getName().startsWith("model-refresh-agent-settings"))
        .findFirst()
        .orElseThrow()
        .getData();
  }

  private static List<HasMetadata> objects(Path overlay) {
    return StrictManifests.parse(Kustomizations.render(overlay));
  }

  private static <T extends HasMetadata> Stream<T> of(Path overlay, Class<T> type) {
    return objects(overlay).stream().filter(type::isInstance).map(type::cast);
  }

  private static PodTemplateSpec agent(Path overlay) {
    return of(overlay, Deployment.class)
        .filter(deployment -> deployment.getMetadata().getName().equals("model-refresh-agent"))
        .map(deployment -> deployment.getSpec().getTemplate())
        .findFirst()
        .orElseThrow();
  }

  private static Container container(Path overlay) {
    return agent(overlay).getSpec().getContainers().get(0);
  }
}
