package io.modelrefresh.soak;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** What happened, for whoever has to find out why; and what must not have. */
final class History {

  private static final int SHOWN = 20;

  private final Instant start = Instant.now();
  private final Path file;
  private final List<String> events = Collections.synchronizedList(new ArrayList<>());
  private final List<String> violations = Collections.synchronizedList(new ArrayList<>());

  /**
   * @param file where it is written as it goes on
   */
  History(Path file) {
    this.file = file;
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void add(String format, Object... arguments) {
    String event =
        String.format(
            Locale.ROOT,
            "%s +%.3f s  %s",
            Instant.now(),
            Duration.between(start, Instant.now()).toMillis() / 1_000.0,
            String.format(Locale.ROOT, format, arguments));
    synchronized (events) {
      events.add(event);
      try {
        Files.writeString(file, event + System.lineSeparator(), StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The promise is broken, or the harness could not tell. */
  void violation(String format, Object... arguments) {
    String what = String.format(Locale.ROOT, format, arguments);
    violations.add(what);
    add("VIOLATION: %s", what);
  }

  List<String> events() {
    synchronized (events) {
      return List.copyOf(events);
    }
  }

  boolean isClean() {
    return violations.isEmpty();
  }

  List<String> violations() {
    synchronized (violations) {
      return List.copyOf(violations);
    }
  }

  /** The first violations, and how many there are. */
  String verdict() {
    synchronized (violations) {
      return violations.size()
          + " violations:\n  "
          + String.join("\n  ", violations.subList(0, Math.min(SHOWN, violations.size())));
    }
  }
}
