package io.modelrefresh.catalog;

import java.util.Locale;

/**
 * Why a model is to be retrained.
 *
 * @param kind what jobs and cooldowns are told apart by
 * @param detail what exactly called for it, for a person, such as {@code psi 0.23 >= 0.2}
 */
public record RetrainingReason(Kind kind, String detail) {

  /** The kinds of reason. Each has its own cooldown: a drift job does not put off a schema one. */
  public enum Kind {
    VALUES,
    SCHEMA,
    DELETE,
    DRIFT;

    /** As it stands in job names, labels and metrics. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The kind of that text, which {@link #text} wrote. */
    public static Kind of(String text) {
      return valueOf(text.toUpperCase(Locale.ROOT));
    }
  }
}
