package io.modelrefresh.agent;

import io.quarkus.runtime.configuration.DurationConverter;
import java.time.Duration;
import org.eclipse.microprofile.config.spi.Converter;

/** A duration longer than nothing, such as {@code 30s} or {@code 1m}. */
public final class PositiveDuration implements Converter<Duration> {

  private static final long serialVersionUID = 1L;

  @Override
  public Duration convert(String text) {
    Duration duration = DurationConverter.parseDuration(text.strip());
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("expected a duration longer than 0, such as 30s");
    }
    return duration;
  }
}
