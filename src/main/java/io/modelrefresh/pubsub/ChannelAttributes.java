package io.modelrefresh.pubsub;

import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.reactive.messaging.providers.impl.ConcurrencyConnectorConfig;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Reads the values of one channel; whatever is wrong with one is thrown as an {@link
 * IllegalArgumentException} that begins with its full key.
 *
 * @param prefix {@code mp.messaging.incoming.CHANNEL} or its outgoing twin
 */
record ChannelAttributes(String prefix) {

  /**
   * The name its user gave the channel: with {@code concurrency} over 1 the framework makes several
   * of it, {@code NAME$1} and so on.
   */
  static String plainName(String channel) {
    return ConcurrencyConnectorConfig.isConcurrencyChannelName(channel)
        ? ConcurrencyConnectorConfig.stripChannelNameOfSeparator(channel)
        : channel;
  }

  <T> T get(String key, Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(prefix + "." + key + ": " + e.getMessage(), e);
    }
  }

  long positive(String key, Supplier<Integer> value) {
    return atMost(key, Integer.MAX_VALUE, value);
  }

  long atMost(String key, int most, Supplier<Integer> value) {
    int number = get(key, value);
    if (number < 1 || number > most) {
      throw wrong(key, "a number from 1 to " + most, String.valueOf(number));
    }
    return number;
  }

  long bytes(String key, String value) {
    try {
      var bytes = new MemorySizeConverter().convert(value).asLongValue();
      if (bytes > 0) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // Said below, with the key.
    }
    throw wrong(key, "a size such as 100M, more than 0", value);
  }

  Duration duration(String key, String value) {
    try {
      var duration = DurationConverter.parseDuration(value);
      if (!duration.isNegative() && !duration.isZero()) {
        return duration;
      }
    } catch (IllegalArgumentException e) {
      // Said below, with the key.
    }
    throw wrong(key, "a duration such as 500ms, 20s or 60m, more than 0", value);
  }

  String oneOf(String key, String value, String... allowed) {
    if (List.of(allowed).contains(value)) {
      return value;
    }
    throw wrong(key, String.join(" or ", allowed), value);
  }

  IllegalArgumentException wrong(String key, String expected, String got) {
    return new IllegalArgumentException(
        "%s.%s: expected %s, got \"%s\"".formatted(prefix, key, expected, got));
  }
}
