package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;

/**
 * An update that calls for retraining a model.
 *
 * @param publishTime when its message was published; a redelivery has the same, so it lands in the
 *     same window
 */
public record Trigger(Kind kind, Instant publishTime, Cause cause) {

  /** Both in one: the later publish time, and what either said. */
  Trigger and(Trigger later) {
    return new Trigger(
        kind,
        publishTime.isBefore(later.publishTime) ? later.publishTime : publishTime,
        cause.and(later.cause));
  }
}
