package io.modelrefresh.agent;

import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.emulator.SubscriptionJournal;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * When each message was in the subscription, by its id: before any agent could have it. Whoever
 * publishes has the answer only after that.
 */
final class PublishTimes implements SubscriptionJournal {

  private final Map<String, Instant> times = new ConcurrentHashMap<>();

  static PublishTimes of(EmbeddedPubSub emulator, String subscription) {
    PublishTimes times = new PublishTimes();
    emulator.journal(subscription, times);
    return times;
  }

  @Override
  public void published(PubsubMessage message) {
    times.put(message.getMessageId(), Instant.now());
  }

  Instant of(String messageId) {
    return times.get(messageId);
  }
}
