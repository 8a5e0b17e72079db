package io.modelrefresh.serving;

import io.modelrefresh.request.RequestPath;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A request to be sent to a replica. Says nothing of where that is.
 *
 * @param confidential where it carries fields of an update, which are for the replica alone: what
 *     is shown instead of its path. What is answered to it is not shown either, since it may repeat
 *     them
 */
record ReplicaRequest(
    String method,
    RequestPath path,
    Map<String, String> headers,
    Optional<String> body,
    Optional<String> confidential) {

  /** One without anything of an update. */
  ReplicaRequest(
      String method, RequestPath path, Map<String, String> headers, Optional<String> body) {
    this(method, path, headers, body, Optional.empty());
  }

  static ReplicaRequest get(RequestPath path) {
    return new ReplicaRequest("GET", path, Map.of(), Optional.empty());
  }

  static ReplicaRequest postJson(RequestPath path, String body) {
    return new ReplicaRequest(
        "POST", path, Map.of("Content-Type", "application/json"), Optional.of(body));
  }

  /** With a header more, or another value of it. */
  ReplicaRequest with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new ReplicaRequest(method, path, more, body, confidential);
  }

  /** The method and the path; a query may carry secrets, and is left out. */
  @Override
  public String toString() {
    String text = confidential.orElseGet(path::value);
    int query = text.indexOf('?');
    return method + " " + (query < 0 ? text : text.substring(0, query));
  }
}
