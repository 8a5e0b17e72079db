package io.modelrefresh.operations;

import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.stream.Stream;

/** What the kubelet asks the agent. */
public final class Probes {

  private Probes() {}

  /** The paths, on the management port: started, live, ready. */
  public static List<String> paths() {
    var deployment =
        (Deployment)
            StrictManifests.parse(
                    Kustomizations.read(Kustomizations.ROOT.resolve("base/deployment.yaml")))
                .get(0);
    var agent = deployment.getSpec().getTemplate().getSpec().getContainers().get(0);
    return Stream.of(agent.getStartupProbe(), agent.getLivenessProbe(), agent.getReadinessProbe())
        .map(Probe::getHttpGet)
        .peek(
            probe -> {
              if (!"management".equals(probe.getPort().getStrVal())) {
                throw new AssertionError("a probe on port " + probe.getPort().getValue());
              }
            })
        .map(probe -> probe.getPath())
        .toList();
  }
}
