package io.modelrefresh.refresh;

import java.time.Clock;

/**
 * What all lanes share.
 *
 * @param process begins the id of every rollout of this process, distinct from other processes'
 */
public record LaneContext(
    String process, Clock clock, Timer timer, Backoff backoff, RefreshListener listener) {}
