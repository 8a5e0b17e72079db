package io.modelrefresh.catalog;

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
 */
public record ServerSettings(
    Protocol protocol,
    ReplicaAddress replicas,
    String modelName,
    Duration timeout,
    Optional<HttpRequestTemplate> http) {

  /** The protocols a model server can be refreshed by. */
  public enum Protocol {
    OPEN_INFERENCE,
    HTTP
  }

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
