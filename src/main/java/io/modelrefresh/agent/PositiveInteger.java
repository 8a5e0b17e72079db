package io.modelrefresh.agent;

import org.eclipse.microprofile.config.spi.Converter;

/** A whole number of at least 1. */
public final class PositiveInteger implements Converter<Integer> {

  private static final long serialVersionUID = 1L;

  @Override
  public Integer convert(String text) {
    try {
      int number = Integer.parseInt(text.strip());
      if (number >= 1) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, in the same words.
    }
    throw new IllegalArgumentException("expected a whole number of at least 1");
  }
}
