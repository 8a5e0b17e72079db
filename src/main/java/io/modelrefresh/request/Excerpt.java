package io.modelrefresh.request;

/** Foreign text made fit for a log line: short, on one line, without control characters. */
public final class Excerpt {

  private static final int MAX_LENGTH = 200;
  private static final String ELLIPSIS = "...";

  private Excerpt() {}

  /** Of what is fit already, the same. */
  public static String of(String text) {
    String line = text.replaceAll("[\\p{Cntrl}\\u2028\\u2029\\s]+", " ").strip();
    return line.length() <= MAX_LENGTH
        ? line
        : line.substring(0, MAX_LENGTH - ELLIPSIS.length()) + ELLIPSIS;
  }

  public static String quoted(String text) {
    return '"' + of(text) + '"';
  }
}
