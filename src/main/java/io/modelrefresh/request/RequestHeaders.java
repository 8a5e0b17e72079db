package io.modelrefresh.request;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The headers of a request as configured, their names in lower case. */
public final class RequestHeaders {

  public static final String CONTENT_TYPE = "content-type";

  /** These frame a message or name a connection: the client's own, and a way to smuggle. */
  private static final Set<String> FRAMING =
      Set.of("connection", "content-length", "expect", "te", "transfer-encoding", "upgrade");

  private RequestHeaders() {}

  /**
   * @param key the configuration key of the request
   * @param hasBody whether it has a body, which is JSON unless a header says otherwise
   * @throws IllegalArgumentException naming the key of a header that is not to be set
   */
  public static Map<String, String> of(
      Map<String, String> configured, boolean hasBody, String key) {
    Map<String, String> headers = new LinkedHashMap<>();
    configured.forEach(
        (name, value) -> {
          String lowerCase = name.toLowerCase(Locale.ROOT);
          if (FRAMING.contains(lowerCase)) {
            throw new IllegalArgumentException(
                key + ".headers.\"" + name + "\": set by the HTTP client, remove it");
          }
          headers.put(lowerCase, value);
        });
    if (hasBody) {
      headers.putIfAbsent(CONTENT_TYPE, "application/json");
    }
    return Map.copyOf(headers);
  }
}
