package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.ServerConfig;
import io.modelrefresh.catalog.ServerSettings.Access;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads what a model's requests need to be let in, noting every mistake under its full key. */
final class AccessReader {

  /** A name, which TLS can ask a certificate for; no address, which it cannot. */
  private static final Pattern AUTHORITY =
      Pattern.compile("(?=[^:]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]{1,5})?");

  private final ServerConfig server;
  private final String key;
  private final Problems problems;

  AccessReader(ServerConfig server, String key, Problems problems) {
    this.server = server;
    this.key = key;
    this.problems = problems;
  }

  Access read(Optional<ReplicaAddress> replicas) {
    requireSetOnce("bearer-token-file", server.bearerTokenFile(), "authorization");
    requireSetOnce("authority", server.authority(), "host");
    if (server.tlsConfigurationName().isPresent()
        && replicas.orElse(null) instanceof ReplicaAddress.Static list) {
      list.endpoints().stream()
          .filter(endpoint -> !endpoint.scheme().equals("https"))
          .findFirst()
          .ifPresent(
              endpoint ->
                  problems.add(
                      key + ".tls-configuration-name",
                      "expected only with https:// replicas, but there is " + endpoint));
    }
    return new Access(
        server
            .bearerTokenFile()
            .flatMap(file -> problems.parse(key + ".bearer-token-file", file.strip(), Path::of)),
        server.tlsConfigurationName().map(String::strip),
        server
            .authority()
            .flatMap(
                text -> problems.parse(key + ".authority", text.strip(), AccessReader::authority)));
  }

  /** An address that says nothing of a scheme is spoken to over TLS once a name for it is given. */
  ReplicaAddress overTls(ReplicaAddress replicas) {
    if (server.tlsConfigurationName().isEmpty()) {
      return replicas;
    }
    if (replicas instanceof ReplicaAddress.Dns dns) {
      Endpoint endpoint = dns.endpoint();
      return new ReplicaAddress.Dns(new Endpoint("https", endpoint.host(), endpoint.port()));
    }
    if (replicas instanceof ReplicaAddress.Kubernetes service) {
      return new ReplicaAddress.Kubernetes(
          "https", service.namespace(), service.service(), service.port());
    }
    return replicas;
  }

  private void requireSetOnce(String name, Optional<String> value, String header) {
    boolean inHeaders =
        server.http().stream()
            .flatMap(http -> http.headers().keySet().stream())
            .anyMatch(header::equalsIgnoreCase);
    if (value.isPresent() && inHeaders) {
      problems.add(
          key + "." + name,
          "expected no http.headers entry \"" + header + "\" beside it, remove one of the two");
    }
  }

  private static String authority(String text) {
    if (!AUTHORITY.matcher(text).matches()) {
      throw new IllegalArgumentException("expected host or host:port, the host by its name");
    }
    return text;
  }
}
