package io.modelrefresh.update;

/**
 * A message that is no feature update and can never become one by being tried again: poison.
 *
 * <p>Checked, because poison has a path of its own (to the dead-letter topic, then acked): a caller
 * that forgot it would turn one publisher's mistake into a failed stream.
 *
 * <p>The message names the field and what was expected there. It never quotes the payload, and it
 * has no cause, since a parser's message would: entity keys may be personal data, and this text
 * reaches logs and attributes.
 */
public final class UndecodableUpdateException extends Exception {

  private static final long serialVersionUID = 1L;

  private final String field;

  UndecodableUpdateException(String field, String expected) {
    super(field + ": " + expected);
    this.field = field;
  }

  /**
   * Where it went wrong: a field of the data such as {@code drift.value} or {@code features[3]},
   * {@code data} for the whole of it, or a message attribute such as {@code content-type}.
   */
  public String field() {
    return field;
  }
}
