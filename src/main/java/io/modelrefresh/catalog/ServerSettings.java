package io.modelrefresh.catalog;

import com.fasterxml.jackson.core.JsonPointer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a model is served and what is spoken there.
 *
 * @param replicas where its replicas are to be found
 * @param modelName the model's name on the server
 * @param timeout from the start of a load to the replica being ready, at most
 * @param http the request of protocol {@code http}; empty for the others
 * @param configFile the model configuration that protocol {@code triton} sends, as JSON; when empty
 *     the one the server has
 * @param access what a request needs to be let in
 * @param smokeCheck what a replica must answer after a load to count as refreshed
 */
public record ServerSettings(
    Protocol protocol,
    ReplicaAddress replicas,
    String modelName,
    Duration timeout,
    Optional<HttpRequestTemplate> http,
    Optional<Path> configFile,
    Access access,
    Optional<SmokeCheck> smokeCheck) {

  /** A server that lets everyone in, and whose word is enough. */
  public ServerSettings(
      Protocol protocol,
      ReplicaAddress replicas,
      String modelName,
      Duration timeout,
      Optional<HttpRequestTemplate> http) {
    this(
        protocol,
        replicas,
        modelName,
        timeout,
        http,
        Optional.empty(),
        Access.OPEN,
        Optional.empty());
  }

  /** The protocols a model server can be refreshed by. */
  public enum Protocol {
    OPEN_INFERENCE,
    TRITON,
    HTTP
  }

  /**
   * What a request to a replica needs besides its address.
   *
   * @param bearerTokenFile the file of the token to be sent; its content changes as it is rotated
   * @param tlsConfigurationName names a TLS configuration of Quarkus' registry; when empty the
   *     JVM's trust store decides
   * @param authority {@code host} or {@code host:port} for the Host header and as TLS server name;
   *     when empty the replica's address
   */
  public record Access(
      Optional<Path> bearerTokenFile,
      Optional<String> tlsConfigurationName,
      Optional<String> authority) {

    /** Nothing more than the address. */
    public static final Access OPEN =
        new Access(Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * A request, usually an inference, that must answer 200.
   *
   * @param path path and query, sent as they are
   * @param body JSON to be sent by POST; when empty the request is a GET
   * @param jsonPointer what the answer must contain, if anything
   */
  public record SmokeCheck(String path, Optional<String> body, Optional<JsonPointer> jsonPointer) {}

  /**
   * The request that makes a custom server load, and the one that tells whether it is ready.
   *
   * @param method an HTTP method, such as {@code POST}
   * @param path Qute template of the path and query; the host is always the replica's
   * @param headers header names and values, sent as they are
   * @param body Qute template of the body; empty sends none
   * @param acceptedStatuses statuses that mean the load was done; any 2xx when empty
   * @param readyPath Qute template of the path whose 2xx answer means ready; when empty the
   *     accepted load is itself the confirmation
   */
  public record HttpRequestTemplate(
      String method,
      String path,
      Map<String, String> headers,
      Optional<String> body,
      Set<Integer> acceptedStatuses,
      Optional<String> readyPath) {

    public HttpRequestTemplate {
      headers = Map.copyOf(headers);
      acceptedStatuses = Set.copyOf(acceptedStatuses);
    }
  }
}
