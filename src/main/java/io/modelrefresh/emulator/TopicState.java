package io.modelrefresh.emulator;

import com.google.protobuf.util.Timestamps;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.Topic;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One topic. Its monitor is held while messages get their ids and are queued in every subscription,
 * so that all subscriptions see the same order.
 */
final class TopicState {

  private final AtomicLong messageIds;
  private final Clock clock;
  private final List<SubscriptionState> subscriptions = new CopyOnWriteArrayList<>();
  private volatile Topic settings;

  TopicState(Topic settings, AtomicLong messageIds, Clock clock) {
    this.settings = settings;
    this.messageIds = messageIds;
    this.clock = clock;
  }

  Topic settings() {
    return settings;
  }

  void change(Topic changed) {
    settings = changed;
  }

  List<SubscriptionState> subscriptions() {
    return subscriptions;
  }

  /** Returns the ids of the messages, in their order. */
  List<String> publish(List<PubsubMessage> messages) {
    var ids = new ArrayList<String>(messages.size());
    var published = new ArrayList<PubsubMessage>(messages.size());
    synchronized (this) {
      long now = clock.millis();
      var publishTime = Timestamps.fromMillis(now);
      for (PubsubMessage message : messages) {
        String id = Long.toString(messageIds.incrementAndGet());
        ids.add(id);
        published.add(message.toBuilder().setMessageId(id).setPublishTime(publishTime).build());
      }
      for (SubscriptionState subscription : subscriptions) {
        subscription.offer(published, now);
      }
    }
    subscriptions.forEach(SubscriptionState::wake);
    return ids;
  }
}
