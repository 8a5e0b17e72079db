package io.modelrefresh.soak;

import java.time.Duration;

/**
 * One thing that goes wrong.
 *
 * @param at when, from the beginning of the schedule
 * @param target which of what its scope has
 * @param detail what is drawn besides, to be used as the kind needs it; never negative
 * @param lasts zero for what happens in a moment
 */
record Fault(Duration at, Kind kind, int target, int detail, Duration lasts) {

  /** What faults of one scope and target must not overlap in. */
  enum Scope {
    AGENT,
    PUBSUB,
    STREAM,
    SERVER,
    NAME,
    CLUSTER,
    QUEUE,
    CATALOG,
    TRAFFIC
  }

  /** Each with its mean interval over the whole system, and how long it lasts at least and most. */
  enum Kind {
    KILL_AGENT(Scope.AGENT, 15, 500, 5_000),
    TERMINATE_AGENT(Scope.AGENT, 20, 500, 3_000),
    FREEZE_AGENT(Scope.AGENT, 15, 1_000, 14_000),
    SEIZE_LEASE(Scope.CLUSTER, 45, 0, 0),

    RESTART_PUBSUB(Scope.PUBSUB, 30, 0, 0),
    HALF_OPEN_STREAMS(Scope.PUBSUB, 25, 2_000, 8_000),
    DENY_STREAMS(Scope.PUBSUB, 40, 1_000, 5_000),
    DENY_ACKS(Scope.PUBSUB, 40, 1_000, 5_000),
    DENY_DEAD_LETTERS(Scope.PUBSUB, 30, 1_000, 6_000),
    SLOW_PUBSUB(Scope.PUBSUB, 40, 1_000, 5_000),
    CUT_STREAMS(Scope.STREAM, 8, 0, 0),
    DROP_ACKS(Scope.STREAM, 10, 0, 0),

    REFUSE_LOADS(Scope.SERVER, 4, 200, 2_000),
    RESET_LOADS(Scope.SERVER, 8, 200, 2_000),
    BREAK_OFF_LOADS(Scope.SERVER, 12, 200, 2_000),
    IGNORE_LOADS(Scope.SERVER, 10, 500, 4_000),
    SLOW_LOADS(Scope.SERVER, 5, 1_000, 8_000),
    GATE_LOADS(Scope.SERVER, 15, 500, 3_000),
    PRETEND_LOADS(Scope.SERVER, 5, 500, 4_000),
    HANG_SERVER(Scope.SERVER, 15, 1_000, 6_000),
    LOSE_PACKETS(Scope.SERVER, 20, 1_000, 6_000),
    CRASH_IN_LOAD(Scope.SERVER, 12, 500, 2_000),
    STOP_SERVER(Scope.SERVER, 10, 500, 8_000),
    NEVER_READY(Scope.SERVER, 15, 1_000, 5_000),
    REPLICA_LEAVES(Scope.SERVER, 4, 1_000, 12_000),
    NAME_FAILS(Scope.NAME, 10, 1_000, 8_000),

    API_SERVER_DOWN(Scope.CLUSTER, 30, 1_000, 8_000),
    API_SERVER_FORBIDS(Scope.CLUSTER, 45, 1_000, 6_000),

    QUEUE_DOWN(Scope.QUEUE, 30, 1_000, 8_000),
    QUEUE_REFUSES(Scope.QUEUE, 25, 1_000, 8_000),
    QUEUE_STALLS(Scope.QUEUE, 30, 1_000, 5_000),

    CATALOG_TOUCHED(Scope.CATALOG, 20, 0, 0),
    MODEL_REMOVED(Scope.CATALOG, 25, 2_000, 10_000),
    VIEW_REMOVED(Scope.CATALOG, 25, 2_000, 10_000),
    MODEL_MOVED(Scope.CATALOG, 25, 2_000, 10_000),
    MODEL_PAUSED(Scope.CATALOG, 25, 2_000, 8_000),
    CATALOG_BROKEN(Scope.CATALOG, 40, 1_000, 6_000),
    CATALOG_HIDDEN(Scope.CATALOG, 40, 1_000, 4_000),

    BURST(Scope.TRAFFIC, 12, 0, 0);

    final Scope scope;
    final double meanSeconds;
    final int atLeastMillis;
    final int atMostMillis;

    Kind(Scope scope, double meanSeconds, int atLeastMillis, int atMostMillis) {
      this.scope = scope;
      this.meanSeconds = meanSeconds;
      this.atLeastMillis = atLeastMillis;
      this.atMostMillis = atMostMillis;
    }
  }

  Duration until() {
    return at.plus(lasts);
  }

  @Override
  public String toString() {
    return "%s %d%s (%d)"
        .formatted(kind, target, lasts.isZero() ? "" : " for " + lasts.toMillis() + " ms", detail);
  }
}
