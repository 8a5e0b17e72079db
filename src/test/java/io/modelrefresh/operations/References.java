package io.modelrefresh.operations;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.TCPSocketAction;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether the objects that are applied together name each other rightly. An API server takes them
 * whatever they name, and nothing works.
 */
final class References {

  private final List<HasMetadata> objects;
  private final List<String> problems = new ArrayList<>();

  private References(List<HasMetadata> objects) {
    this.objects = objects;
  }

  /** A sentence for each name that leads nowhere. */
  static List<String> problems(List<HasMetadata> objects) {
    var references = new References(objects);
    references.check();
    return references.problems;
  }

  private void check() {
    all(Deployment.class).forEach(this::check);
    all(Service.class).forEach(this::check);
    all(PodDisruptionBudget.class)
        .forEach(budget -> selected(budget, budget.getSpec().getSelector()));
    all(NetworkPolicy.class).forEach(this::check);
    all(PodMonitor.class).forEach(this::check);
    all(RoleBinding.class).forEach(this::check);
  }

  private void check(Deployment deployment) {
    var template = deployment.getSpec().getTemplate();
    var pod = template.getSpec();
    if (!matches(deployment.getSpec().getSelector(), template.getMetadata().getLabels())) {
      problem(deployment, "its selector does not match its own pods");
    }
    if (pod.getServiceAccountName() != null) {
      named(deployment, ServiceAccount.class, pod.getServiceAccountName());
    }
    Stream.ofNullable(pod.getTopologySpreadConstraints())
        .flatMap(List::stream)
        .filter(spread -> !matches(spread.getLabelSelector(), template.getMetadata().getLabels()))
        .forEach(spread -> problem(deployment, "it is not spread by its own labels"));
    List<String> volumes = pod.getVolumes().stream().map(Volume::getName).toList();
    pod.getVolumes().stream()
        .filter(volume -> volume.getConfigMap() != null)
        .filter(volume -> !Boolean.TRUE.equals(volume.getConfigMap().getOptional()))
        .forEach(volume -> named(deployment, ConfigMap.class, volume.getConfigMap().getName()));
    for (Container container : pod.getContainers()) {
      container.getVolumeMounts().stream()
          .map(VolumeMount::getName)
          .filter(mount -> !volumes.contains(mount))
          .forEach(mount -> problem(deployment, "there is no volume " + mount));
      container.getEnvFrom().stream()
          .filter(from -> from.getConfigMapRef() != null)
          .forEach(from -> named(deployment, ConfigMap.class, from.getConfigMapRef().getName()));
      Stream.of(
              container.getStartupProbe(),
              container.getLivenessProbe(),
              container.getReadinessProbe())
          .filter(Objects::nonNull)
          .map(References::port)
          .flatMap(Optional::stream)
          .filter(port -> !listens(container, port))
          .forEach(port -> problem(deployment, "a probe's port is no port of its container", port));
    }
  }

  private void check(Service service) {
    var labels = service.getSpec().getSelector();
    List<Deployment> targets =
        deployments(service)
            .filter(target -> podLabels(target).entrySet().containsAll(labels.entrySet()))
            .toList();
    if (targets.isEmpty()) {
      problem(service, "it selects no pod");
    }
    for (var port : service.getSpec().getPorts()) {
      if (targets.stream().noneMatch(target -> listens(target, port.getTargetPort()))) {
        problem(service, "no pod has its target port", port.getTargetPort());
      }
    }
  }

  private void check(NetworkPolicy policy) {
    List<Deployment> targets = selected(policy, policy.getSpec().getPodSelector());
    policy.getSpec().getIngress().stream()
        .flatMap(rule -> rule.getPorts().stream())
        .filter(port -> targets.stream().noneMatch(target -> listens(target, port.getPort())))
        .forEach(port -> problem(policy, "no pod has the port it lets in", port.getPort()));
  }

  private void check(PodMonitor monitor) {
    List<Deployment> targets = selected(monitor, monitor.getSpec().getSelector());
    for (var endpoint : monitor.getSpec().getPodMetricsEndpoints()) {
      var port = new IntOrString(endpoint.getPort());
      if (targets.stream().noneMatch(target -> listens(target, port))) {
        problem(monitor, "no pod has the port it scrapes", port);
      }
    }
  }

  private void check(RoleBinding binding) {
    named(binding, Role.class, binding.getRoleRef().getName());
    for (var subject : binding.getSubjects()) {
      if (find(ServiceAccount.class, subject.getNamespace(), subject.getName()).isEmpty()) {
        problem(
            binding,
            "there is no ServiceAccount " + subject.getNamespace() + "/" + subject.getName());
      }
    }
  }

  // ---- What there is ----

  private <T extends HasMetadata> Stream<T> all(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast);
  }

  private <T extends HasMetadata> Optional<T> find(Class<T> type, String namespace, String name) {
    return all(type)
        .filter(object -> Objects.equals(object.getMetadata().getNamespace(), namespace))
        .filter(object -> object.getMetadata().getName().equals(name))
        .findFirst();
  }

  private void named(HasMetadata by, Class<? extends HasMetadata> type, String name) {
    if (find(type, by.getMetadata().getNamespace(), name).isEmpty()) {
      problem(by, "there is no " + HasMetadata.getKind(type) + " " + name + " in its namespace");
    }
  }

  private List<Deployment> selected(HasMetadata by, LabelSelector selector) {
    List<Deployment> targets =
        deployments(by).filter(target -> matches(selector, podLabels(target))).toList();
    if (targets.isEmpty()) {
      problem(by, "it selects no pod");
    }
    return targets;
  }

  private Stream<Deployment> deployments(HasMetadata beside) {
    return all(Deployment.class)
        .filter(
            deployment ->
                Objects.equals(
                    deployment.getMetadata().getNamespace(), beside.getMetadata().getNamespace()));
  }

  private static Map<String, String> podLabels(Deployment deployment) {
    return deployment.getSpec().getTemplate().getMetadata().getLabels();
  }

  private static boolean matches(LabelSelector selector, Map<String, String> labels) {
    return labels.entrySet().containsAll(selector.getMatchLabels().entrySet());
  }

  private static boolean listens(Deployment deployment, IntOrString port) {
    return deployment.getSpec().getTemplate().getSpec().getContainers().stream()
        .anyMatch(container -> listens(container, port));
  }

  private static boolean listens(Container container, IntOrString port) {
    return container.getPorts().stream().anyMatch(declared -> is(declared, port));
  }

  private static boolean is(ContainerPort declared, IntOrString port) {
    return port.getStrVal() != null
        ? port.getStrVal().equals(declared.getName())
        : port.getIntVal().equals(declared.getContainerPort());
  }

  private static Optional<IntOrString> port(Probe probe) {
    return Optional.ofNullable(probe.getHttpGet())
        .map(HTTPGetAction::getPort)
        .or(() -> Optional.ofNullable(probe.getTcpSocket()).map(TCPSocketAction::getPort));
  }

  private void problem(HasMetadata in, String what, IntOrString port) {
    problem(in, what + ": " + port.getValue());
  }

  private void problem(HasMetadata in, String what) {
    problems.add(in.getKind() + " " + in.getMetadata().getName() + ": " + what);
  }
}
