package io.modelrefresh.refresh;

import java.time.Instant;
import java.util.Optional;

/** The oldest publish time and event time among some updates; both empty when there are none. */
record Oldest(Optional<Instant> publishTime, Optional<Instant> eventTime) {

  static final Oldest NONE = new Oldest(Optional.empty(), Optional.empty());

  Oldest with(Instant publish, Instant event) {
    boolean olderPublish = publishTime.isEmpty() || publish.isBefore(publishTime.get());
    boolean olderEvent = eventTime.isEmpty() || event.isBefore(eventTime.get());
    return olderPublish || olderEvent
        ? new Oldest(
            olderPublish ? Optional.of(publish) : publishTime,
            olderEvent ? Optional.of(event) : eventTime)
        : this;
  }

  Oldest with(Oldest other) {
    return other.publishTime().isPresent()
        ? with(other.publishTime().get(), other.eventTime().orElseThrow())
        : this;
  }
}
