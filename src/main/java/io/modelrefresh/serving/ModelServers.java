package io.modelrefresh.serving;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.catalog.ServerSettings.Access;
import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How each model is loaded and where its replicas are found. A new protocol is a {@link
 * ModelServer} and a line here; a new way to find replicas is a {@link ReplicaDiscovery} and a line
 * here. What it gives out is safe to use from any thread, shares one resolver and an HTTP client
 * for each TLS configuration, and works until {@link #close}.
 */
@Singleton
public class ModelServers implements AutoCloseable {

  private static final String MODELS = "model-refresh.models.";

  private final Vertx vertx;
  private final TlsConfigurationRegistry tls;
  private final Map<Trust, ReplicaHttp> clients = new ConcurrentHashMap<>();
  private final HostAddresses addresses;
  private final EndpointSliceWatches services;

  /**
   * Replicas spoken to by one client.
   *
   * @param tlsConfigurationName whom it trusts; when empty the JVM's trust store decides
   * @param named whether it asks for servers by an authority rather than by their address
   */
  private record Trust(Optional<String> tlsConfigurationName, boolean named) {}

  /**
   * @param kubernetes asked for a client when the first model names a Kubernetes service
   */
  @Inject
  public ModelServers(
      Vertx vertx,
      TlsConfigurationRegistry tls,
      Instance<KubernetesClient> kubernetes,
      Clock clock) {
    this(
        vertx,
        tls,
        new HostAddresses(),
        new EndpointSliceWatches(
            kubernetes::get, clock, vertx, EndpointSliceWatches.CHECK_INTERVAL));
  }

  ModelServers(
      Vertx vertx,
      TlsConfigurationRegistry tls,
      HostAddresses addresses,
      EndpointSliceWatches services) {
    this.vertx = vertx;
    this.tls = tls;
    this.addresses = addresses;
    this.services = services;
  }

  /**
   * What loads the model on a replica of it, by the protocol it is configured with.
   *
   * @throws IllegalArgumentException when a request template is broken or there is no TLS
   *     configuration of the name given, naming the key
   */
  public ReplicaLoader loaderFor(Model model) {
    ServerSettings settings = model.server();
    String key = MODELS + model.name() + ".server";
    Access access = settings.access();
    Optional<BearerToken> token =
        access
            .bearerTokenFile()
            .map(file -> new BearerToken(new MountedFile(vertx, key + ".bearer-token-file", file)));
    return new VerifiedLoader(
        clientFor(access, key),
        smokeChecked(serverOf(settings, key), settings, key),
        new ReplicaAccess(access.authority(), token),
        settings.timeout());
  }

  private ReplicaHttp clientFor(Access access, String key) {
    Optional<TlsConfiguration> configuration =
        access
            .tlsConfigurationName()
            .map(
                name ->
                    tls.get(name)
                        .orElseThrow(
                            () ->
                                new IllegalArgumentException(
                                    "%s.tls-configuration-name: there is no quarkus.tls.%s.*, add it"
                                        .formatted(key, name))));
    return clients.computeIfAbsent(
        new Trust(access.tlsConfigurationName(), access.authority().isPresent()),
        trust -> new ReplicaHttp(vertx, trust.named(), configuration));
  }

  /** Renewed certificates are taken over without a restart. */
  void certificatesReloaded(@Observes CertificateUpdatedEvent event) {
    clients.forEach(
        (trust, client) -> {
          if (trust.tlsConfigurationName().equals(Optional.of(event.name()))) {
            client.reloaded(event.tlsConfiguration());
          }
        });
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

  private static ModelServer smokeChecked(ModelServer server, ServerSettings settings, String key) {
    return settings
        .smokeCheck()
        .<ModelServer>map(check -> new SmokeCheckedServer(server, check, key + ".smoke-check"))
        .orElse(server);
  }

  private ModelServer serverOf(ServerSettings settings, String key) {
    return switch (settings.protocol()) {
      case OPEN_INFERENCE -> new OpenInferenceServer(settings.modelName());
      case TRITON ->
          new TritonServer(
              settings.modelName(),
              settings
                  .configFile()
                  .map(file -> new MountedFile(vertx, key + ".config-file", file)));
      case HTTP ->
          new HttpModelServer(
              settings.modelName(),
              settings
                  .http()
                  .orElseThrow(
                      () ->
                          new IllegalArgumentException(
                              key
                                  + ".http.path: required by protocol http, expected such as"
                                  + " /reload")),
              key + ".http");
    };
  }

  /** Closes the connections; what is under way fails as unreachable. */
  @Override
  @PreDestroy
  public void close() {
    clients.values().forEach(ReplicaHttp::close);
    addresses.close();
    services.close();
  }
}
