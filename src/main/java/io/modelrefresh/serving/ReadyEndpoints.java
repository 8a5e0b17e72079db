package io.modelrefresh.serving;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The replicas in the EndpointSlices of one service (Kubernetes API reference,
 * discovery.k8s.io/v1).
 *
 * <p>One pod is one replica, though a dual-stack service has it in a slice of each family, and
 * though a pod is in two slices for a moment when it moves from one to the other. IPv4 is preferred
 * where there is a choice, so that a replica keeps its name.
 */
final class ReadyEndpoints {

  /** IPv4 before IPv6; FQDN, which sorts before both, is written by no controller. */
  private static final Comparator<EndpointSlice> PREFERRED_FIRST =
      Comparator.comparing((EndpointSlice slice) -> Objects.toString(slice.getAddressType(), ""))
          .thenComparing(slice -> slice.getMetadata().getName());

  private ReadyEndpoints() {}

  /**
   * @throws IllegalStateException naming the service, when it has no slices at all: one with a
   *     selector always has one, if an empty one, so the name is wrong or the service not there
   *     yet. Naming its ports, when a ready endpoint does not have the port. Taken for no replicas,
   *     they would never be refreshed and nobody would know
   */
  static Set<Replica> of(List<EndpointSlice> slices, Kubernetes address) {
    if (slices.isEmpty()) {
      throw new IllegalStateException(
          address
              + ": the replicas are unknown, the service has no EndpointSlice; check its name and"
              + " that it has a selector");
    }
    Map<String, Replica> byPod = new HashMap<>();
    for (EndpointSlice slice : slices.stream().sorted(PREFERRED_FIRST).toList()) {
      List<Endpoint> ready =
          listed(slice.getEndpoints()).stream()
              .filter(endpoint -> ready(endpoint) && !endpoint.getAddresses().isEmpty())
              .toList();
      if (ready.isEmpty()) {
        continue;
      }
      int port = port(slice, address).orElseThrow(() -> withoutPort(slice, address));
      for (Endpoint endpoint : ready) {
        // All addresses of one endpoint are the same pod, and only the first is to be used.
        String host = endpoint.getAddresses().get(0);
        byPod.putIfAbsent(pod(endpoint, host), new Replica(address.scheme(), host, port));
      }
    }
    return Set.copyOf(byPod.values());
  }

  /**
   * Absent conditions mean ready and not terminating. A terminating endpoint is ready all the same
   * where the service publishes not-ready addresses.
   */
  private static boolean ready(Endpoint endpoint) {
    EndpointConditions conditions = endpoint.getConditions();
    return conditions == null
        || !Boolean.FALSE.equals(conditions.getReady())
            && !Boolean.TRUE.equals(conditions.getTerminating());
  }

  private static String pod(Endpoint endpoint, String host) {
    boolean named = endpoint.getTargetRef() != null && endpoint.getTargetRef().getUid() != null;
    return named ? endpoint.getTargetRef().getUid() : host;
  }

  /**
   * A slice's own, since pods may give one port name different numbers. Slices without ports, as of
   * a headless service that declares none, and ports without a number allow every number.
   */
  private static Optional<Integer> port(EndpointSlice slice, Kubernetes address) {
    if (!isNumber(address.port())) {
      return tcp(slice).stream()
          .filter(port -> address.port().equals(port.getName()) && port.getPort() != null)
          .map(EndpointPort::getPort)
          .findFirst();
    }
    int number = Integer.parseInt(address.port());
    List<EndpointPort> ports = tcp(slice);
    return listed(slice.getPorts()).isEmpty()
            || ports.stream().anyMatch(p -> p.getPort() == null || p.getPort() == number)
        ? Optional.of(number)
        : Optional.empty();
  }

  /** API servers write a list without items as null, which the client hands on as it is. */
  private static <T> List<T> listed(List<T> items) {
    return items == null ? List.of() : items;
  }

  private static boolean isNumber(String port) {
    return port.chars().allMatch(Character::isDigit);
  }

  private static List<EndpointPort> tcp(EndpointSlice slice) {
    return listed(slice.getPorts()).stream()
        .filter(port -> port.getProtocol() == null || port.getProtocol().equals("TCP"))
        .toList();
  }

  private static IllegalStateException withoutPort(EndpointSlice slice, Kubernetes address) {
    Set<String> ports = new TreeSet<>();
    for (EndpointPort port : tcp(slice)) {
      String name = Objects.toString(port.getName(), "");
      ports.add(port.getPort() + (name.isEmpty() ? "" : " (" + name + ")"));
    }
    return new IllegalStateException(
        address
            + ": the replicas are unknown, ready endpoints in EndpointSlice "
            + Optional.ofNullable(slice.getMetadata()).map(ObjectMeta::getName).orElse("(unnamed)")
            + " have no port "
            + address.port()
            + "; they have "
            + (ports.isEmpty() ? "none" : String.join(", ", ports)));
  }
}
