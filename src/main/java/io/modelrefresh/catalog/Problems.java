package io.modelrefresh.catalog;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Collects every mistake of a configuration, so that it takes one start to learn of them all. */
final class Problems {

  /** Beyond a lifetime it is a mistake, and soon beyond what can be counted in milliseconds. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private final List<String> found = new ArrayList<>();

  /** Notes that a key's value is not what was expected. */
  void add(String key, String expected, Object got) {
    found.add("%s: %s, got \"%s\"".formatted(key, expected, got));
  }

  /** Notes that a key is wrong altogether: missing, or where it must not be. */
  void add(String key, String problem) {
    found.add(key + ": " + problem);
  }

  /** Notes the mistake, if the requirement is not met. */
  void require(boolean met, String key, String expected, Object got) {
    if (!met) {
      add(key, expected, got);
    }
  }

  void requirePositive(String key, Duration duration) {
    require(duration.compareTo(Duration.ZERO) > 0, key, "expected more than 0s", text(duration));
    requireCountable(key, duration);
  }

  void requireNotNegative(String key, Duration duration) {
    require(!duration.isNegative(), key, "expected at least 0s", text(duration));
    requireCountable(key, duration);
  }

  private void requireCountable(String key, Duration duration) {
    require(
        duration.compareTo(LONGEST) <= 0,
        key,
        "expected at most " + LONGEST.toDays() + "d",
        text(duration));
  }

  /** As durations are configured: seconds or milliseconds. */
  static String text(Duration duration) {
    boolean countable = duration.abs().compareTo(LONGEST) <= 0;
    return countable && duration.getNano() != 0
        ? duration.toMillis() + "ms"
        : duration.toSeconds() + "s";
  }

  /** The value parsed; or empty, and the mistake the parser names is noted. */
  <T> Optional<T> parse(String key, String text, Function<String, T> parser) {
    try {
      return Optional.of(parser.apply(text));
    } catch (IllegalArgumentException e) {
      add(key, e.getMessage(), text);
      return Optional.empty();
    }
  }

  /** As {@link #parse}, for a value that must be there. */
  <T> Optional<T> parseRequired(
      String key, Optional<String> text, String expected, Function<String, T> parser) {
    Optional<String> given = text.filter(value -> !value.isBlank());
    if (given.isEmpty()) {
      add(key, "required, expected " + expected);
    }
    return given.flatMap(value -> parse(key, value.strip(), parser));
  }

  int count() {
    return found.size();
  }

  /**
   * @throws InvalidCatalogException if there is any mistake
   */
  void throwIfAny() {
    if (!found.isEmpty()) {
      throw new InvalidCatalogException(found);
    }
  }
}
