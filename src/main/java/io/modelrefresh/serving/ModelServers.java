package io.modelrefresh.serving;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.vertx.core.Vertx;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

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

  @Inject
  public ModelServers(Vertx vertx) {
    this(vertx, new HostAddresses());
  }

  ModelServers(Vertx vertx, HostAddresses addresses) {
    this.http = new ReplicaHttp(vertx);
    this.addresses = addresses;
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
    return new StaticDiscovery(address.named());
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
  }
}
