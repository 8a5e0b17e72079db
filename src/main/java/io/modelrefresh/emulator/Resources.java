package io.modelrefresh.emulator;

import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import io.grpc.Status;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * All topics and subscriptions: what one life of the server knows. Looking up needs no lock; this
 * object's monitor is held while topics and subscriptions come and go.
 */
final class Resources {

  private final ConcurrentSkipListMap<String, TopicState> topics = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<String, SubscriptionState> subscriptions =
      new ConcurrentSkipListMap<>();
  private final AtomicLong ids;
  private final Clock clock;
  private final Executor sender;
  private final Faults faults;

  /**
   * @param ids where message ids and the lives of subscriptions are counted; outlives this object,
   *     so that neither repeats after a restart
   */
  Resources(AtomicLong ids, Clock clock, Executor sender, Faults faults) {
    this.ids = ids;
    this.clock = clock;
    this.sender = sender;
    this.faults = faults;
  }

  TopicState topic(String name) {
    return Optional.ofNullable(topics.get(ResourceNames.requireTopic(name)))
        .orElseThrow(() -> Refusal.notFound(name));
  }

  SubscriptionState subscription(String name) {
    return Optional.ofNullable(subscriptions.get(ResourceNames.requireSubscription(name)))
        .orElseThrow(() -> Refusal.notFound(name));
  }

  Collection<TopicState> topics() {
    return topics.values();
  }

  Collection<SubscriptionState> subscriptions() {
    return subscriptions.values();
  }

  synchronized Topic create(Topic topic) {
    String name = ResourceNames.requireTopic(topic.getName());
    if (topics.containsKey(name)) {
      throw Refusal.alreadyExists(name);
    }
    Topic created = topic.toBuilder().setState(Topic.State.ACTIVE).build();
    topics.put(name, new TopicState(created, ids, clock));
    return created;
  }

  synchronized Subscription create(Subscription subscription) {
    String name = ResourceNames.requireSubscription(subscription.getName());
    TopicState topic = topic(subscription.getTopic());
    if (subscriptions.containsKey(name)) {
      throw Refusal.alreadyExists(name);
    }
    Subscription created = SubscriptionSettings.complete(subscription);
    String life = Long.toString(ids.incrementAndGet(), Character.MAX_RADIX);
    var state =
        new SubscriptionState(created, life, clock, sender, faults, this::publishDeadLetter);
    subscriptions.put(name, state);
    topic.subscriptions().add(state);
    return created;
  }

  synchronized Topic update(String name, Function<Topic, Topic> change) {
    TopicState topic = topic(name);
    topic.change(change.apply(topic.settings()));
    return topic.settings();
  }

  synchronized Subscription updateSubscription(
      String name, Function<Subscription, Subscription> change) {
    SubscriptionState subscription = subscription(name);
    subscription.change(SubscriptionSettings.complete(change.apply(subscription.settings())));
    return subscription.settings();
  }

  synchronized void deleteTopic(String name) {
    TopicState deleted = topic(name);
    topics.remove(name);
    for (SubscriptionState left : deleted.subscriptions()) {
      left.change(left.settings().toBuilder().setTopic(ResourceNames.DELETED_TOPIC).build());
    }
  }

  synchronized void deleteSubscription(String name) {
    SubscriptionState deleted = subscription(name);
    subscriptions.remove(name);
    topics.values().forEach(topic -> topic.subscriptions().remove(deleted));
    deleted.end(Status.fromThrowable(Refusal.notFound(name)), true);
  }

  void tick() {
    subscriptions.values().forEach(SubscriptionState::tick);
  }

  void recover() {
    subscriptions.values().forEach(SubscriptionState::recover);
  }

  /** Returns false when the topic is gone: the message then stays in its subscription. */
  private boolean publishDeadLetter(String name, PubsubMessage message) {
    TopicState topic = topics.get(name);
    if (topic == null) {
      return false;
    }
    topic.publish(List.of(message));
    return true;
  }
}
