package io.modelrefresh.serving;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import io.smallrye.mutiny.Uni;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The ready endpoints of a Kubernetes service, as its EndpointSlices have them. A service whose
 * slices have no ready endpoint is known to be empty; one whose slices were not read yet, are not
 * there or lack the port, is unknown.
 */
final class KubernetesDiscovery implements ReplicaDiscovery {

  private final EndpointSliceWatches watches;
  private final Kubernetes address;
  private final EndpointSliceWatch watch;
  private boolean closed;

  KubernetesDiscovery(EndpointSliceWatches watches, Kubernetes address) {
    this.watches = watches;
    this.address = address;
    watch = watches.acquire(address);
  }

  @Override
  public Uni<Set<Replica>> replicas() {
    return Uni.createFrom().item(() -> ReadyEndpoints.of(watch.slices(), address));
  }

  @Override
  public Runnable onChange(Consumer<Set<Replica>> listener) {
    return watch.onChange(new OnlyWhenDifferent(listener));
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      watches.release(address);
    }
  }

  /** Slices change often, by what is not ready and by other ports; the replicas seldom. */
  private final class OnlyWhenDifferent implements Consumer<List<EndpointSlice>> {

    private final Consumer<Set<Replica>> listener;
    private Optional<Set<Replica>> last = Optional.empty();
    private Set<Replica> lastKnown = Set.of();

    OnlyWhenDifferent(Consumer<Set<Replica>> listener) {
      this.listener = listener;
      differs(watch.told());
    }

    @Override
    public void accept(List<EndpointSlice> slices) {
      differs(slices).ifPresent(listener);
    }

    /** The replicas that are gone; empty if the set is the one it was. */
    private synchronized Optional<Set<Replica>> differs(List<EndpointSlice> slices) {
      Optional<Set<Replica>> now = known(slices);
      if (now.equals(last)) {
        return Optional.empty();
      }
      last = now;
      Set<Replica> gone = new HashSet<>(lastKnown);
      gone.removeAll(now.orElse(lastKnown));
      lastKnown = now.orElse(lastKnown);
      return Optional.of(gone);
    }

    private Optional<Set<Replica>> known(List<EndpointSlice> slices) {
      try {
        return Optional.of(ReadyEndpoints.of(slices, address));
      } catch (IllegalStateException unknown) {
        return Optional.empty();
      }
    }
  }
}
