package io.modelrefresh.pubsub;

import com.google.pubsub.v1.PubsubMessage;
import io.smallrye.mutiny.Uni;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.reactive.messaging.Metadata;

/**
 * What a nack does. One per channel and strategy, shared by all of the channel's messages; called
 * once per nacked message, on the thread that nacks, which it must not block.
 */
public interface PubSubFailureHandler {

  /** The strategies that come with the connector. */
  interface Strategy {
    /** Nack: delivered again, when the subscription's retry policy says. */
    String NACK = "nack";

    /** Log and ack. */
    String IGNORE = "ignore";

    /** Nack, and end the channel with the failure. */
    String FAIL = "fail";

    /**
     * Tell the server nothing, and keep the lease no longer: delivered again when that ends. For a
     * delivery that a later one of the same message has taken the place of.
     */
    String ABANDON = "abandon";

    /** Publish to {@code dead-letter.topic} with the cause as attributes, then ack. */
    String DEAD_LETTER = "dead-letter";
  }

  /** A CDI bean with {@code @Identifier}: its name is a value of {@code failure-strategy}. */
  interface Factory {
    PubSubFailureHandler create(Channel channel);
  }

  /** What a handler may know of its channel, and do to it. */
  interface Channel {
    String name();

    /** Full name, {@code projects/P/subscriptions/S}. */
    String subscription();

    /** Full name of {@code dead-letter.topic}, if it is set. */
    Optional<String> deadLetterTopic();

    /** Publishes to a topic by its full name; fails as the server does. */
    Uni<String> publish(String topic, PubsubMessage message);

    /** Ends the channel: its consumer gets this failure, and liveness fails. */
    void fail(Throwable reason);

    /** Counts a message as dead-lettered. */
    void deadLettered();
  }

  /** The one message, to be settled by exactly one of these; a second call does nothing. */
  interface Settlement {
    CompletionStage<Void> ack();

    CompletionStage<Void> nack();

    /** Neither of them: the server is told nothing. */
    CompletionStage<Void> abandon();
  }

  /**
   * @param message as received
   * @param metadata given with the nack
   * @return completes when the message is settled, which it must be even if handling fails
   */
  Uni<Void> handle(
      PubsubMessage message, Throwable reason, Metadata metadata, Settlement settlement);
}
