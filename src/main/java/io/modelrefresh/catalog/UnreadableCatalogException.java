package io.modelrefresh.catalog;

import java.nio.file.Path;

/** The catalog's file cannot be read or parsed. The message names it, and why. */
public final class UnreadableCatalogException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnreadableCatalogException(Path location, String problem) {
    super(message(location, problem));
  }

  UnreadableCatalogException(Path location, String problem, Exception cause) {
    super(message(location, problem), cause);
  }

  private static String message(Path location, String problem) {
    return "model-refresh.catalog.location: " + location + ": " + problem;
  }
}
