package io.modelrefresh.refresh;

import java.time.Clock;
import java.util.function.DoubleSupplier;

/**
 * What all lanes share.
 *
 * @param process begins the id of every rollout of this process, distinct from other processes'
 * @param jitter where in its leeway each wait ends, at random from 0 to 1: see {@link Waiting}
 */
public record LaneContext(
    String process,
    Clock clock,
    Timer timer,
    Backoff backoff,
    DoubleSupplier jitter,
    RefreshListener listener) {}
