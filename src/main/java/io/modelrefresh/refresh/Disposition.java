package io.modelrefresh.refresh;

/** What a lane did with an arrival. */
public enum Disposition {
  /** Owed now: the lane holds the message, until it is covered or a later one implies the same. */
  PLANNED,
  /** Every replica covers it already. */
  SUPERSEDED,
  /** The catalog has lost the model since the update was planned. */
  NO_SUCH_MODEL
}
