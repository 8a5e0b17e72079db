package io.modelrefresh.request;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The path and query of a request (the origin form of RFC 9112, section 3.2.1). It can name nothing
 * but a place on the replica it is sent to: no host, no second request line, no way up.
 */
public record RequestPath(String value) {

  /** One slash, then visible ASCII; a backslash is a slash to some servers, and # ends a URI. */
  private static final Pattern ORIGIN_FORM = Pattern.compile("/(?!/)[\\x21-\\x7E&&[^\\\\#]]*");

  /** {@code .} and {@code ..} as a whole segment, which servers resolve, escaped or not. */
  private static final Pattern DOT_SEGMENT =
      Pattern.compile("[^?]*/(?:\\.|%2[eE]){1,2}(?:[/;?].*)?");

  private static final String UNRESERVED_MARKS = "-._~";

  /**
   * @throws IllegalArgumentException saying what was expected
   */
  public RequestPath {
    String got = value;
    problem(value)
        .ifPresent(
            expected -> {
              throw new IllegalArgumentException(expected + ", got " + Excerpt.quoted(got));
            });
  }

  /** What was expected instead of this; empty if it is a path. */
  static Optional<String> problem(String value) {
    if (!ORIGIN_FORM.matcher(value).matches()) {
      return Optional.of(
          "expected a path that begins with exactly one slash and holds no space, control character,"
              + " backslash, # or unescaped non-ASCII character");
    }
    return DOT_SEGMENT.matcher(value).matches()
        ? Optional.of("expected a path without . and .. segments")
        : Optional.empty();
  }

  /** A value as part of one segment or of a query: all but the unreserved characters escaped. */
  public static String escaped(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
      char character = (char) (octet & 0xFF);
      boolean alphanumeric =
          character >= 'a' && character <= 'z'
              || character >= 'A' && character <= 'Z'
              || character >= '0' && character <= '9';
      if (alphanumeric || UNRESERVED_MARKS.indexOf(character) >= 0) {
        escaped.append(character);
      } else {
        escaped.append(String.format("%%%02X", octet & 0xFF));
      }
    }
    return escaped.toString();
  }

  @Override
  public String toString() {
    return value;
  }
}
