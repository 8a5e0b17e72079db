package io.modelrefresh.serving;

/** How an attempt to load a model on one replica ended. */
public sealed interface LoadOutcome {

  /** The load was done and the model is ready on the replica. */
  record Confirmed() implements LoadOutcome {}

  /**
   * The replica did not confirm the load.
   *
   * @param kind whose failure it is
   * @param reason names the request, and the status or the cause
   */
  record Failed(Kind kind, String reason) implements LoadOutcome {}

  /** Whose failure a failed load is. */
  enum Kind {
    /** The replica answered with an error: the model's own failure, expected on every replica. */
    REFUSED,
    /** No answer, a broken connection: that replica's own failure. */
    UNREACHABLE,
    /**
     * Answered too late, or loaded and did not become ready in time: that replica's own failure.
     */
    TIMED_OUT
  }
}
