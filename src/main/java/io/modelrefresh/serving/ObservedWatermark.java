package io.modelrefresh.serving;

import java.time.DateTimeException;
import java.time.Instant;

/** What a replica itself says its last confirmed load covers. */
public sealed interface ObservedWatermark {

  /**
   * The mark the last refresh left. It is the server's word, and whoever may load models there can
   * write it: whether it can be true is for the reader to judge.
   *
   * @param watermark the refresh watermark the load covers
   * @param rolloutId the rollout that did it, of this process or of one before
   */
  record Known(Instant watermark, String rolloutId) implements ObservedWatermark {}

  /**
   * Known to cover nothing: no refresh has marked what the replica serves, such as after it was
   * started again, or one before any update was received.
   */
  record Nothing() implements ObservedWatermark {}

  /**
   * Not known: the protocol cannot tell, or the replica did not.
   *
   * @param reason for a person
   */
  record Unknown(String reason) implements ObservedWatermark {}

  /** The mark that a load leaves: {@code <watermark>/<rollout id>}. */
  static String mark(LoadRequest request) {
    return request.watermark().map(Instant::toString).orElse("") + "/" + request.rolloutId();
  }

  /** What a mark says. One that was not written by {@link #mark} says nothing. */
  static ObservedWatermark of(String mark) {
    int slash = mark.indexOf('/');
    if (slash < 0) {
      return new Nothing();
    }
    try {
      return new Known(Instant.parse(mark.substring(0, slash)), mark.substring(slash + 1));
    } catch (DateTimeException e) {
      return new Nothing();
    }
  }
}
