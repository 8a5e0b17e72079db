package io.modelrefresh.serving;

import io.modelrefresh.catalog.Endpoint;
import io.smallrye.mutiny.Uni;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Replicas listed one by one in the configuration. */
final class StaticDiscovery implements ReplicaDiscovery {

  private final Uni<Set<Replica>> replicas;

  StaticDiscovery(List<Endpoint> endpoints) {
    Set<Replica> listed = new LinkedHashSet<>();
    for (Endpoint endpoint : endpoints) {
      listed.add(new Replica(endpoint.scheme(), endpoint.host(), endpoint.port()));
    }
    replicas = Uni.createFrom().item(Set.copyOf(listed));
  }

  @Override
  public Uni<Set<Replica>> replicas() {
    return replicas;
  }
}
