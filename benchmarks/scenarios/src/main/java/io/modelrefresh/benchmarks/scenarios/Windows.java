package io.modelrefresh.benchmarks.scenarios;

import java.time.Duration;

/**
 * The windows in which a model's updates are collected: the first update opens one; it closes when
 * none came for the quiet period, and after the longest wait at the latest. One load of each
 * replica at the end of each is the least there can be, if no update may wait longer.
 */
record Windows(Duration quietPeriod, Duration maxWait) {

  /**
   * @param nanos when updates were published, in order
   */
  int count(long[] nanos) {
    int windows = 0;
    long quiet = 0;
    long atLast = 0;
    for (long update : nanos) {
      if (windows == 0 || update > quiet || update > atLast) {
        windows++;
        atLast = update + maxWait.toNanos();
      }
      quiet = update + quietPeriod.toNanos();
    }
    return windows;
  }
}
