package io.modelrefresh.agent;

import io.quarkus.runtime.configuration.DurationConverter;
import java.time.Duration;
import org.eclipse.microprofile.config.spi.Converter;

/** A duration longer than nothing, such as {@code 30s} or {@code 1m}. */
public final class PositiveDuration implements Converter<Duration> {

  private static final long serialVersionUID = 1L;

  /** As in the catalog: what can be counted in milliseconds, and added to a time. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  @Override
  public Duration convert(String text) {
    Duration duration = DurationConverter.parseDuration(text.strip());
    if (duration.isNegative() || duration.isZero() || duration.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "expected a duration longer than 0 and at most " + LONGEST.toDays() + "d, such as 30s");
    }
    return duration;
  }
}
