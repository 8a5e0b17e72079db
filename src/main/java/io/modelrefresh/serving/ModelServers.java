package io.modelrefresh.serving;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.vertx.core.Vertx;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.List;

/**
 * How each model is loaded and where its replicas are found. A new protocol is a {@link
 * ModelServer} and a line here; a new way to find replicas is a {@link ReplicaDiscovery} and a line
 * here. What it gives out is safe to use from any thread, shares one HTTP client and one resolver,
 * and works until {@link #close}.
 */
@Singleton
public class ModelServers implements AutoCloseable {

  private final ReplicaHttp http;
  private final HostAddresses addresses;
  private final EndpointSliceWatches services;

  /**
   * @param kubernetes asked for a client when the first model names a Kubernetes service
   */
  @Inject
  public ModelServers(Vertx vertx, Instance<KubernetesClient> kubernetes, Clock clock) {
    this(
        vertx,
        new HostAddresses(),
        new EndpointSliceWatches(
            kubernetes::get, clock, vertx, EndpointSliceWatches.CHECK_INTERVAL));
  }

  ModelServers(Vertx vertx, HostAddresses addresses, EndpointSliceWatches services) {
    this.http = new ReplicaHttp(vertx);
    this.addresses = addresses;
    this.services = services;
  }

  /**
   * What loads the model on a replica of it, by the protocol it is configured with.
   *
   * @throws IllegalArgumentException when a request template is broken, naming its key
   */
  public ReplicaLoader loaderFor(Model model) {
    return new VerifiedLoader(http, serverOf(model), model.server().timeout());
  }

  /** What finds the replicas of the model. */
  public ReplicaDiscovery discoveryFor(Model model) {
    ReplicaAddress address = model.server().replicas();
    if (address instanceof ReplicaAddress.Dns dns) {
      return new DnsDiscovery(addresses, dns.endpoint());
    }
    if (address instanceof ReplicaAddress.Kubernetes service) {
      return new KubernetesDiscovery(services, service);
    }
    return new StaticDiscovery(((ReplicaAddress.Static) address).endpoints());
  }

  /**
   * The Kubernetes services whose replicas cannot be followed now. Never blocks; what it says is a
   * few seconds old at most.
   */
  public List<OutOfContact> outOfContact() {
    return services.outOfContact();
  }

  private static ModelServer serverOf(Model model) {
    ServerSettings settings = model.server();
    String key = "model-refresh.models." + model.name() + ".server.http";
    return switch (settings.protocol()) {
      case OPEN_INFERENCE -> new OpenInferenceServer(settings.modelName());
      case HTTP ->
          new HttpModelServer(
              settings.modelName(),
              settings
                  .http()
                  .orElseThrow(
                      () ->
                          new IllegalArgumentException(
                              key + ".path: required by protocol http, expected such as /reload")),
              key);
    };
  }

  /** Closes the connections; what is under way fails as unreachable. */
  @Override
  @PreDestroy
  public void close() {
    http.close();
    addresses.close();
    services.close();
  }
}
