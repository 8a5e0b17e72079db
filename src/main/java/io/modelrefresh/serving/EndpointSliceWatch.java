package io.modelrefresh.serving;

import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.modelrefresh.request.Excerpt;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * The EndpointSlices of one service, kept up to date by an informer: listed, then watched, both
 * again for as long as it takes. What was read last stays when the API server is lost.
 *
 * <p>The informer opens a lost watch again by itself and says nothing of it, so whether there is
 * contact is asked for: {@link #interrupted}.
 */
final class EndpointSliceWatch implements ResourceEventHandler<EndpointSlice> {

  private static final Logger LOG = Logger.getLogger(EndpointSliceWatch.class);

  /** By which the controller says what service a slice belongs to (Kubernetes, EndpointSlices). */
  static final String SERVICE_NAME = "kubernetes.io/service-name";

  private final String namespace;
  private final String service;
  private final FilterWatchListDeletable<EndpointSlice, EndpointSliceList, Resource<EndpointSlice>>
      slices;
  private final Clock clock;
  private final SharedIndexInformer<EndpointSlice> informer;
  private final List<Consumer<List<EndpointSlice>>> listeners = new CopyOnWriteArrayList<>();

  /**
   * The slices by name, as of the change being told of. The informer's own may be ahead of that by
   * more changes, which may be back to what was. Guarded by this.
   */
  private final Map<String, EndpointSlice> told = new HashMap<>();

  /** Guarded by this. */
  private Optional<OutOfContact> lost = Optional.empty();

  /** When last checked. Guarded by this. */
  private boolean wasInterrupted;

  EndpointSliceWatch(KubernetesClient client, String namespace, String service, Clock clock) {
    this.namespace = namespace;
    this.service = service;
    this.clock = clock;
    slices =
        client
            .discovery()
            .v1()
            .endpointSlices()
            .inNamespace(namespace)
            .withLabel(SERVICE_NAME, service);
    informer = slices.runnableInformer(0);
    informer.addEventHandler(this);
    informer.exceptionHandler(
        (started, cause) -> {
          lose(reason(cause));
          return true;
        });
  }

  /** Lists and watches, from now on, on the client's threads. */
  void start() {
    informer
        .start()
        .whenComplete(
            (nothing, stopped) -> {
              if (stopped == null) {
                regain();
                changed();
              }
            });
  }

  void stop() {
    informer.stop();
  }

  /**
   * The slices read last.
   *
   * @throws IllegalStateException when none were read yet, saying why
   */
  List<EndpointSlice> slices() {
    if (!informer.hasSynced()) {
      String why = outOfContact().map(OutOfContact::reason).orElse("the first answer is awaited");
      throw new IllegalStateException(
          "kubernetes://" + namespace + "/" + service + ": the replicas are unknown, " + why);
    }
    return informer.getStore().list();
  }

  /** The slices as listeners were told of them last; none before they were read in full. */
  List<EndpointSlice> told() {
    if (!informer.hasSynced()) {
      return List.of();
    }
    synchronized (this) {
      return List.copyOf(told.values());
    }
  }

  /**
   * Run for every change to the slices, with what they are after it, on a thread of the client,
   * which waits for it.
   *
   * @return takes the listener out again
   */
  Runnable onChange(Consumer<List<EndpointSlice>> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  synchronized Optional<OutOfContact> outOfContact() {
    return lost;
  }

  String namespace() {
    return namespace;
  }

  /** Whether slices were read and are not watched now; never blocks. */
  boolean interrupted() {
    return informer.hasSynced() && !informer.isWatching();
  }

  /**
   * Why the API server does not let the slices be listed; empty if it does. Blocks until it has
   * answered, so not for an event loop.
   */
  Optional<String> refusal() {
    try {
      slices.list(new ListOptionsBuilder().withLimit(1L).build());
      return Optional.empty();
    } catch (KubernetesClientException e) {
      return Optional.of(reason(e));
    }
  }

  /**
   * To be called now and then with what was found out. Watches are closed by either side every few
   * minutes and opened again a second later, so one that is found closed is out of contact only if
   * listing is refused, too, or when it is found so again.
   */
  void checked(boolean interrupted, Optional<String> refusal) {
    boolean again;
    boolean unexplained;
    synchronized (this) {
      again = wasInterrupted;
      wasInterrupted = interrupted;
      unexplained = lost.isEmpty();
    }
    if (!interrupted) {
      if (informer.hasSynced()) {
        regain();
      }
    } else if (refusal.isPresent()) {
      lose(refusal.get());
    } else if (again && unexplained) {
      lose("listing is possible but not watching" + remedy());
    }
  }

  private String reason(Throwable cause) {
    Throwable root = cause;
    for (Throwable t = cause; t != null; t = t.getCause()) {
      root = t;
      if (t instanceof KubernetesClientException e) {
        if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
          return "the API server forbids it" + remedy();
        }
        if (e.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED) {
          return "the API server does not know the agent: check its service account token";
        }
      }
    }
    return "the API server cannot be asked: "
        + Excerpt.of(root.getMessage() == null ? root.toString() : root.getMessage());
  }

  private String remedy() {
    return ": grant the agent's service account the verbs list, watch on"
        + " endpointslices.discovery.k8s.io in namespace "
        + namespace;
  }

  private void lose(String reason) {
    boolean known = informer.hasSynced();
    synchronized (this) {
      Instant since = lost.map(OutOfContact::since).orElseGet(clock::instant);
      Optional<OutOfContact> before = lost;
      lost = Optional.of(new OutOfContact(namespace + "/" + service, since, reason, known));
      if (before.map(OutOfContact::reason).equals(Optional.of(reason))) {
        return;
      }
    }
    LOG.warnf(
        "Kubernetes service %s/%s: %s; its replicas are %s",
        namespace, service, reason, known ? "those found last" : "unknown");
  }

  private void regain() {
    synchronized (this) {
      if (lost.isEmpty()) {
        return;
      }
      lost = Optional.empty();
    }
    LOG.infof("Kubernetes service %s/%s: in contact again", namespace, service);
  }

  private void changed() {
    List<EndpointSlice> slices = told();
    for (Consumer<List<EndpointSlice>> listener : listeners) {
      try {
        listener.accept(slices);
      } catch (RuntimeException e) {
        LOG.errorf(e, "A listener to Kubernetes service %s/%s failed", namespace, service);
      }
    }
  }

  @Override
  public void onAdd(EndpointSlice added) {
    tell(added);
  }

  @Override
  public void onUpdate(EndpointSlice before, EndpointSlice now) {
    tell(now);
  }

  private void tell(EndpointSlice slice) {
    synchronized (this) {
      told.put(slice.getMetadata().getName(), slice);
    }
    changed();
  }

  @Override
  public void onDelete(EndpointSlice deleted, boolean finalStateUnknown) {
    synchronized (this) {
      told.remove(deleted.getMetadata().getName());
    }
    changed();
  }
}
