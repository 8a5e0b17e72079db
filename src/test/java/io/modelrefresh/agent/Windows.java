package io.modelrefresh.agent;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The windows in which a model's updates are collected before it is refreshed. The first update
 * opens one; it closes when no update came for the quiet period, and after the longest wait at the
 * latest; the next update opens the next. One refresh at the end of each is the least that a model
 * can be refreshed, if no update may wait longer than its window: an agent that needed no time to
 * receive and to load would do just these. A real one, which goes on collecting while it loads, may
 * need fewer.
 */
record Windows(Duration quietPeriod, Duration maxWait) {

  /**
   * How many windows these updates make.
   *
   * @param updates when they arrived, in order
   */
  int count(List<Instant> updates) {
    int windows = 0;
    Instant quiet = Instant.MIN;
    Instant atLast = Instant.MIN;
    for (Instant update : updates) {
      if (update.isAfter(quiet) || update.isAfter(atLast)) {
        windows++;
        atLast = update.plus(maxWait);
      }
      quiet = update.plus(quietPeriod);
    }
    return windows;
  }
}
