package io.modelrefresh.catalog;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What must hold of any HTTP request that is configured; notes every mistake under its key. */
final class RequestChecks {

  /** What HTTP calls a token (RFC 9110, 5.6.2). */
  private static final Predicate<String> HEADER_NAME =
      Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+").asMatchPredicate();

  /** No control characters: a line break would begin another header (RFC 9110, 5.5). */
  private static final Predicate<String> HEADER_VALUE =
      Pattern.compile("[^\\x00-\\x08\\x0A-\\x1F\\x7F]*").asMatchPredicate();

  private static final Set<String> METHODS = Set.of("GET", "POST", "PUT", "PATCH", "DELETE");

  private final String key;
  private final Problems problems;

  /**
   * @param key the configuration key of the request
   */
  RequestChecks(String key, Problems problems) {
    this.key = key;
    this.problems = problems;
  }

  void method(String method) {
    problems.require(
        METHODS.contains(method),
        key + ".method",
        "expected GET, POST, PUT, PATCH or DELETE",
        method);
  }

  void statuses(String name, List<Integer> statuses) {
    for (int status : statuses) {
      problems.require(
          status >= 200 && status <= 599,
          key + "." + name,
          "expected HTTP statuses from 200 to 599",
          status);
    }
  }

  void headers(Map<String, String> headers) {
    headers.forEach(
        (header, value) -> {
          String headerKey = key + ".headers.\"" + header + '"';
          problems.require(
              HEADER_NAME.test(header), headerKey, "expected an HTTP header name", header);
          if (!HEADER_VALUE.test(value)) {
            // Not quoted: headers carry credentials.
            problems.add(headerKey, "expected a value without control characters");
          }
        });
  }

  static String path(String text) {
    if (!text.startsWith("/")) {
      throw new IllegalArgumentException("expected a path that begins with a slash");
    }
    return text;
  }
}
