package io.modelrefresh.refresh;

import java.time.Clock;
import java.util.function.DoubleSupplier;

/**
 * What all lanes share.
 *
 * @param process begins the id of every rollout of this process, distinct from other processes'
 * @param room for the entity keys of updates that lanes owe
 * @param jitter where in its leeway each wait ends, at random from 0 to 1: see {@link Waiting}
 */
public record LaneContext(
    String process,
    Clock clock,
    Timer timer,
    Backoff backoff,
    DoubleSupplier jitter,
    RefreshListener listener,
    UpdateRoom room) {

  /** With as much room for the entity keys of updates as befits the heap. */
  public LaneContext(
      String process,
      Clock clock,
      Timer timer,
      Backoff backoff,
      DoubleSupplier jitter,
      RefreshListener listener) {
    this(process, clock, timer, backoff, jitter, listener, UpdateRoom.ofHeap());
  }
}
