package io.modelrefresh.serving;

import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import io.smallrye.mutiny.Uni;
import java.util.Optional;
import java.util.Set;

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
  public Runnable onChange(Runnable listener) {
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
  private final class OnlyWhenDifferent implements Runnable {

    private final Runnable listener;
    private Optional<Set<Replica>> last = known();

    OnlyWhenDifferent(Runnable listener) {
      this.listener = listener;
    }

    @Override
    public void run() {
      synchronized (this) {
        Optional<Set<Replica>> now = known();
        if (now.equals(last)) {
          return;
        }
        last = now;
      }
      listener.run();
    }

    private Optional<Set<Replica>> known() {
      try {
        return Optional.of(ReadyEndpoints.of(watch.slices(), address));
      } catch (IllegalStateException unknown) {
        return Optional.empty();
      }
    }
  }
}
