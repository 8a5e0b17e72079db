package io.modelrefresh.emulator;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One page of a list that is sorted by name.
 *
 * @param nextToken the name of the last item, or empty on the last page
 */
record Page<T>(List<T> items, String nextToken) {

  private static final int DEFAULT_SIZE = 100;

  static <T> Page<T> of(Stream<T> sorted, Function<T, String> name, int size, String token) {
    int limit = size <= 0 ? DEFAULT_SIZE : size;
    List<T> items =
        sorted.filter(item -> name.apply(item).compareTo(token) > 0).limit(limit + 1L).toList();
    if (items.size() <= limit) {
      return new Page<>(items, "");
    }
    List<T> page = items.subList(0, limit);
    return new Page<>(page, name.apply(page.get(limit - 1)));
  }
}
