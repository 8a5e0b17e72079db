package io.modelrefresh.serving;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * One {@link EndpointSliceWatch} for each service, shared by all models it serves and stopped with
 * the last. Without such a model no client is made, and nothing asks for an API server.
 */
final class EndpointSliceWatches implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(EndpointSliceWatches.class);

  static final Duration CHECK_INTERVAL = Duration.ofSeconds(5);

  private final Supplier<KubernetesClient> clients;
  private final Clock clock;
  private final Vertx vertx;
  private final Duration checkInterval;
  private final AtomicBoolean checking = new AtomicBoolean();

  /** Guarded by this, as all below. */
  private final Map<ServiceName, Share> shares = new HashMap<>();

  private Optional<KubernetesClient> client = Optional.empty();
  private OptionalLong checks = OptionalLong.empty();

  /**
   * @param clients asked once, for the first service; what it gives is closed by its owner
   */
  EndpointSliceWatches(
      Supplier<KubernetesClient> clients, Clock clock, Vertx vertx, Duration checkInterval) {
    this.clients = clients;
    this.clock = clock;
    this.vertx = vertx;
    this.checkInterval = checkInterval;
  }

  /** Follows the service, unless it is followed already, until {@link #release}. */
  synchronized EndpointSliceWatch acquire(Kubernetes address) {
    Share share = shares.computeIfAbsent(ServiceName.of(address), this::started);
    share.users++;
    return share.watch;
  }

  synchronized void release(Kubernetes address) {
    Share share = shares.get(ServiceName.of(address));
    if (share != null && --share.users == 0) {
      shares.remove(ServiceName.of(address)).watch.stop();
    }
  }

  List<OutOfContact> outOfContact() {
    return watches().stream().flatMap(watch -> watch.outOfContact().stream()).toList();
  }

  private Share started(ServiceName name) {
    KubernetesClient connected = client.orElseGet(clients);
    client = Optional.of(connected);
    var watch = new EndpointSliceWatch(connected, name.namespace, name.service, clock);
    watch.start();
    if (checks.isEmpty()) {
      checks = OptionalLong.of(vertx.setPeriodic(checkInterval.toMillis(), id -> check()));
    }
    return new Share(watch);
  }

  /** One check at a time, however long the API server takes to answer. */
  private void check() {
    if (checking.compareAndSet(false, true)) {
      vertx
          .executeBlocking(this::checked, false)
          .onComplete(
              done -> {
                checking.set(false);
                if (done.failed()) {
                  LOG.error("Whether Kubernetes services are in contact is unknown", done.cause());
                }
              });
    }
  }

  /** Permissions and the server are the same for all of a namespace, so one of them asks. */
  private int checked() {
    Map<String, Optional<String>> refusals = new HashMap<>();
    List<EndpointSliceWatch> all = watches();
    for (EndpointSliceWatch watch : all) {
      boolean interrupted = watch.interrupted();
      watch.checked(
          interrupted,
          interrupted
              ? refusals.computeIfAbsent(watch.namespace(), namespace -> watch.refusal())
              : Optional.empty());
    }
    return all.size();
  }

  private synchronized List<EndpointSliceWatch> watches() {
    return shares.values().stream().map(share -> share.watch).toList();
  }

  @Override
  public synchronized void close() {
    checks.ifPresent(vertx::cancelTimer);
    shares.values().forEach(share -> share.watch.stop());
    shares.clear();
  }

  private record ServiceName(String namespace, String service) {
    static ServiceName of(Kubernetes address) {
      return new ServiceName(address.namespace(), address.service());
    }
  }

  private static final class Share {
    final EndpointSliceWatch watch;
    int users;

    Share(EndpointSliceWatch watch) {
      this.watch = watch;
    }
  }
}
