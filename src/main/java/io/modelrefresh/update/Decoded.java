package io.modelrefresh.update;

/** What a message turned out to be. */
public sealed interface Decoded {

  /** A feature update. */
  record Update(FeatureUpdate update) implements Decoded {}

  /**
   * A CloudEvent of another type, whose data was not looked at: nothing for this agent.
   *
   * @param ceType its type, as the publisher wrote it
   */
  record OtherType(String ceType) implements Decoded {}
}
