package io.modelrefresh.catalog;

import java.util.ArrayList;
import java.util.List;

/** The configured catalog has mistakes. The message lists them all, one a line. */
public final class InvalidCatalogException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final ArrayList<String> problems;

  InvalidCatalogException(List<String> problems) {
    super(
        "The configuration has %d mistake%s:%n  %s"
            .formatted(
                problems.size(),
                problems.size() == 1 ? "" : "s",
                String.join(System.lineSeparator() + "  ", problems)));
    this.problems = new ArrayList<>(problems);
  }

  /** Each mistake: the full key, what was expected and what was there. */
  public List<String> problems() {
    return List.copyOf(problems);
  }
}
