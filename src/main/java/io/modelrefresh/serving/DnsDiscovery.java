package io.modelrefresh.serving;

import io.modelrefresh.catalog.Endpoint;
import io.smallrye.mutiny.Uni;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One host name, such as that of a headless Kubernetes service: every address it has is a replica.
 * Looked up anew each time, since replicas come and go within a record's time to live.
 */
final class DnsDiscovery implements ReplicaDiscovery {

  private final HostAddresses addresses;
  private final Endpoint endpoint;

  DnsDiscovery(HostAddresses addresses, Endpoint endpoint) {
    this.addresses = addresses;
    this.endpoint = endpoint;
  }

  @Override
  public Uni<Set<Replica>> replicas() {
    return addresses
        .of(endpoint.host())
        .map(
            literals ->
                literals.stream()
                    .map(ip -> new Replica(endpoint.scheme(), ip, endpoint.port()))
                    .collect(Collectors.toUnmodifiableSet()));
  }
}
