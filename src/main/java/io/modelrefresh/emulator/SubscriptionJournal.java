package io.modelrefresh.emulator;

import com.google.pubsub.v1.PubsubMessage;

/**
 * Told what becomes of a subscription's messages, as it happens and in that order: for tests that
 * must know what was promised at each moment. Called under the subscription's lock, so it has to
 * return at once and call nothing of the emulator.
 */
public interface SubscriptionJournal {

  SubscriptionJournal NONE = new SubscriptionJournal() {};

  /** It is in the subscription, and nobody has it yet. */
  default void published(PubsubMessage message) {}

  /** It is leased to a consumer; again, if it was before. */
  default void delivered(String messageId) {}

  /** An ack took effect: it is never delivered again. */
  default void acked(String messageId) {}
}
