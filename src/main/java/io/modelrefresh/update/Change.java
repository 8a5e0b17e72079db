package io.modelrefresh.update;

/** What kind of change a feature update reports. */
public enum Change {
  /** The data changed. */
  VALUES,
  /** The definition or calculation changed. */
  SCHEMA,
  /** The feature view was deleted. */
  DELETE
}
