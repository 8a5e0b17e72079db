package io.modelrefresh.catalog;

/**
 * How many replicas of a model may load at once: a count, or a percentage of the replicas.
 *
 * @param amount at least 1; at most 100 for a percentage
 */
public record MaxUnavailable(int amount, boolean percent) {

  /**
   * Reads {@code "2"} or {@code "25%"}.
   *
   * @throws IllegalArgumentException saying what was expected; the text itself is left to the
   *     caller to quote
   */
  public static MaxUnavailable parse(String text) {
    boolean percent = text.endsWith("%");
    int amount;
    try {
      amount = Integer.parseInt(percent ? text.substring(0, text.length() - 1) : text);
    } catch (NumberFormatException e) {
      amount = 0;
    }
    if (amount < 1 || percent && amount > 100) {
      throw new IllegalArgumentException(
          "expected a count of at least 1 or a percentage from 1% to 100%");
    }
    return new MaxUnavailable(amount, percent);
  }

  /**
   * The count this allows of so many replicas: a percentage is rounded down, but at least one, and
   * never more than there are.
   */
  public int of(int replicas) {
    int count = percent ? (int) ((long) replicas * amount / 100) : amount;
    return Math.max(1, Math.min(count, replicas));
  }

  @Override
  public String toString() {
    return percent ? amount + "%" : Integer.toString(amount);
  }
}
