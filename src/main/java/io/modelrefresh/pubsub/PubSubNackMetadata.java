package io.modelrefresh.pubsub;

/**
 * Passed with a nack, takes the place of the channel's {@code failure-strategy} for this one
 * message.
 *
 * @param strategy name of a {@link PubSubFailureHandler.Factory}
 */
public record PubSubNackMetadata(String strategy) {

  /** The message goes to the channel's {@code dead-letter.topic} with its cause, then is acked. */
  public static PubSubNackMetadata deadLetter() {
    return new PubSubNackMetadata(PubSubFailureHandler.Strategy.DEAD_LETTER);
  }

  /** The server is told nothing: it delivers the message again when this delivery's lease ends. */
  public static PubSubNackMetadata abandon() {
    return new PubSubNackMetadata(PubSubFailureHandler.Strategy.ABANDON);
  }
}
