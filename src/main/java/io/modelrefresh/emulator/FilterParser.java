package io.modelrefresh.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a filter by recursive descent: terms joined by AND or by OR, never by both without
 * parentheses; NOT or - before a term. Confined to the one thread that parses.
 */
final class FilterParser {

  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s*(?:(\"(?:[^\"\\\\]|\\\\.)*\")|([A-Za-z0-9_][A-Za-z0-9_-]*)|(!=|[-:=.,()]))");

  private static final Pattern NUMBERED_ESCAPE =
      Pattern.compile("\\\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|\\\\.");

  private final String expression;
  private final List<String> tokens = new ArrayList<>();
  private int next;

  FilterParser(String expression) {
    this.expression = expression;
    Matcher matcher = TOKEN.matcher(expression);
    int end = 0;
    while (matcher.region(end, expression.length()).lookingAt()) {
      tokens.add(matcher.group().strip());
      end = matcher.end();
    }
    if (!expression.substring(end).isBlank()) {
      throw wrong("\"" + expression.substring(end).strip() + "\"");
    }
  }

  Filter parse() {
    Filter filter = terms();
    if (next < tokens.size()) {
      throw wrong(peek());
    }
    return filter;
  }

  private Filter terms() {
    Filter filter = term();
    String joint = peek();
    if (!joint.equals("AND") && !joint.equals("OR")) {
      return filter;
    }
    while (accept(joint)) {
      Filter left = filter;
      Filter right = term();
      filter =
          joint.equals("AND")
              ? attributes -> left.matches(attributes) && right.matches(attributes)
              : attributes -> left.matches(attributes) || right.matches(attributes);
    }
    return filter;
  }

  private Filter term() {
    if (accept("NOT") || accept("-")) {
      Filter negated = term();
      return attributes -> !negated.matches(attributes);
    }
    if (accept("(")) {
      Filter inner = terms();
      expect(")");
      return inner;
    }
    if (accept("hasPrefix")) {
      expect("(");
      expect("attributes");
      expect(".");
      String key = key();
      expect(",");
      String prefix = literal();
      expect(")");
      return attributes -> attributes.containsKey(key) && attributes.get(key).startsWith(prefix);
    }
    expect("attributes");
    return comparison();
  }

  private Filter comparison() {
    if (accept(":")) {
      String key = key();
      return attributes -> attributes.containsKey(key);
    }
    expect(".");
    String key = key();
    if (accept("=")) {
      String value = literal();
      return attributes -> value.equals(attributes.get(key));
    }
    expect("!=");
    String value = literal();
    return attributes -> !value.equals(attributes.get(key));
  }

  /** A word, or anything in quotes. */
  private String key() {
    String token = peek();
    if (token.startsWith("\"")) {
      return literal();
    }
    if (token.isEmpty() || !Character.isLetterOrDigit(token.charAt(0)) && token.charAt(0) != '_') {
      throw wrong(token);
    }
    next++;
    return token;
  }

  private String literal() {
    String token = peek();
    if (!token.startsWith("\"")) {
      throw wrong(token);
    }
    next++;
    try {
      return NUMBERED_ESCAPE
          .matcher(token.substring(1, token.length() - 1))
          .replaceAll(FilterParser::octal)
          .translateEscapes();
    } catch (IllegalArgumentException e) {
      throw wrong(token);
    }
  }

  /** Java translates all escapes but these two; an escaped backslash before them stays as it is. */
  private static String octal(MatchResult escape) {
    if (escape.group(1) == null) {
      return Matcher.quoteReplacement(escape.group());
    }
    char character = (char) Integer.parseInt(escape.group(1).substring(1), 16);
    return character < 0x80
        ? Matcher.quoteReplacement(String.format("\\%03o", (int) character))
        : Matcher.quoteReplacement(String.valueOf(character));
  }

  private void expect(String token) {
    if (!accept(token)) {
      throw wrong(peek());
    }
  }

  private boolean accept(String token) {
    boolean there = peek().equals(token);
    if (there) {
      next++;
    }
    return there;
  }

  private String peek() {
    return next < tokens.size() ? tokens.get(next) : "";
  }

  private RuntimeException wrong(String token) {
    String where = token.isEmpty() ? "the end" : token;
    return Refusal.invalid("Invalid filter, at " + where + ": " + expression);
  }
}
