package io.modelrefresh.emulator;

import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.Subscription;
import io.grpc.Status;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;

/**
 * One subscription: its messages, leases and consumers. All mutable state is guarded by {@code
 * lock}, which is held for bookkeeping only; what was decided under it is sent without it, by the
 * one thread that runs {@link #sendAll} at a time, so that order on a stream is the order of
 * decision.
 */
final class SubscriptionState {

  /** Publishes to a dead-letter topic; false when there is no such topic. */
  interface DeadLetters extends BiPredicate<String, PubsubMessage> {}

  private final Object lock = new Object();
  private final String life;
  private final Clock clock;
  private final Executor sender;
  private final Faults faults;
  private final DeadLetters deadLetters;
  private final Filter filter;
  private final AtomicInteger wakeUps = new AtomicInteger();

  private volatile Subscription settings;
  private volatile RedeliveryPolicy policy;
  private volatile SubscriptionJournal journal = SubscriptionJournal.NONE;

  private final Map<Long, Delivery> unacked = new HashMap<>();
  private final AckLog acked = new AckLog();
  private final List<Consumer> consumers = new ArrayList<>();
  private Backlog backlog = new Backlog();
  private DeadlineWheel wheel = new DeadlineWheel();
  private long lastSequence;
  private int leased;
  private boolean deleted;

  SubscriptionState(
      Subscription settings,
      String life,
      Clock clock,
      Executor sender,
      Faults faults,
      DeadLetters deadLetters) {
    this.life = life;
    this.clock = clock;
    this.sender = sender;
    this.faults = faults;
    this.deadLetters = deadLetters;
    this.filter = Filter.parse(settings.getFilter());
    change(settings);
  }

  Subscription settings() {
    return settings;
  }

  void change(Subscription changed) {
    policy = RedeliveryPolicy.of(changed);
    settings = changed;
  }

  // ---- publishing

  /** Takes over what matches the filter; called in publish order, under the topic's lock. */
  void offer(List<PubsubMessage> messages, long publishedMillis) {
    boolean ordered = settings.getEnableMessageOrdering();
    synchronized (lock) {
      for (PubsubMessage message : messages) {
        if (filter.matches(message.getAttributesMap())) {
          add(new Delivery(++lastSequence, message, publishedMillis), ordered);
          journal.published(message);
        }
      }
    }
  }

  private void add(Delivery delivery, boolean ordered) {
    unacked.put(delivery.sequence, delivery);
    backlog.add(delivery, ordered);
  }

  // ---- consumers

  /**
   * @return false when the subscription is deleted
   */
  boolean open(Consumer consumer) {
    synchronized (lock) {
      if (deleted) {
        return false;
      }
      consumers.add(consumer);
    }
    wake();
    return true;
  }

  /**
   * Its leases run on, as with the real service: the client may still ack them elsewhere.
   *
   * @return false when it was not, or no longer, among the consumers
   */
  boolean close(Consumer consumer) {
    synchronized (lock) {
      if (!consumers.remove(consumer)) {
        return false;
      }
      if (!consumer.once()) {
        backlog.abandon(consumer);
      }
    }
    wake();
    return true;
  }

  /**
   * Gives a Pull what there is at this moment, by the clock; only an empty answer makes it wait.
   */
  List<ReceivedMessage> pull(Consumer consumer) {
    tick();
    synchronized (lock) {
      long now = clock.millis();
      while (lease(consumer, now)) {}
      return consumer.takeBatch();
    }
  }

  /** Has what can be sent sent, soon and by another thread. */
  void wake() {
    if (wakeUps.getAndIncrement() == 0) {
      sender.execute(this::sendAll);
    }
  }

  private void sendAll() {
    int seen;
    do {
      seen = wakeUps.get();
      List<Consumer> due = assign();
      while (!due.isEmpty()) {
        for (Consumer consumer : due) {
          List<ReceivedMessage> batch;
          synchronized (lock) {
            batch = consumer.takeBatch();
          }
          consumer.send(batch);
        }
        due = assign();
      }
    } while (wakeUps.addAndGet(-seen) != 0);
  }

  /** Deals messages out one at a time, in turn, and returns who was given any. */
  private List<Consumer> assign() {
    var due = new ArrayList<Consumer>();
    synchronized (lock) {
      // Who was given something goes to the back, so that single messages go round as well.
      var hungry = new ArrayDeque<Consumer>(consumers);
      long now = clock.millis();
      while (!hungry.isEmpty()) {
        Consumer consumer = hungry.pollFirst();
        if (lease(consumer, now)) {
          hungry.addLast(consumer);
        } else if (consumer.hasBatch()) {
          due.add(consumer);
        }
      }
      consumers.removeAll(due);
      due.stream().filter(consumer -> !consumer.once()).forEach(consumers::add);
    }
    return due;
  }

  private boolean lease(Consumer consumer, long now) {
    Delivery delivery = consumer.hasRoom() ? backlog.poll(consumer) : null;
    if (delivery == null) {
      return false;
    }
    delivery.state = Delivery.State.LEASED;
    delivery.holder = consumer;
    delivery.deliveries++;
    journal.delivered(delivery.message.getMessageId());
    leased++;
    long deadline = consumer.ackDeadlineMillis();
    wheel.schedule(
        delivery, now + (deadline > 0 ? deadline : settings.getAckDeadlineSeconds() * 1_000L));
    var received =
        ReceivedMessage.newBuilder()
            .setAckId(new AckId(life, delivery.sequence, delivery.deliveries).encoded())
            .setMessage(delivery.message);
    if (policy.countsAttempts()) {
      received.setDeliveryAttempt(delivery.failures + 1);
    }
    consumer.hold(delivery, received.build());
    return true;
  }

  // ---- acks, nacks and deadlines

  /**
   * @return the ids that are stale; always none unless the subscription is exactly-once, where a
   *     late ack does not count
   */
  List<String> acknowledge(Collection<AckId> ids) {
    var stale = new ArrayList<String>(0);
    boolean exactlyOnce = settings.getEnableExactlyOnceDelivery();
    synchronized (lock) {
      for (AckId id : ids) {
        Delivery delivery = find(id);
        if (exactlyOnce && !isCurrent(delivery, id)) {
          stale.add(id.encoded());
        } else if (delivery != null && !faults.dropsAck()) {
          settle(delivery);
          acked.add(delivery, settings.getRetainAckedMessages());
          journal.acked(delivery.message.getMessageId());
        }
      }
    }
    wake();
    return stale;
  }

  /** Changes a lease; 0 seconds is a nack. Returns what {@link #acknowledge} does. */
  List<String> modifyDeadline(Collection<AckId> ids, int seconds) {
    var stale = new ArrayList<String>(0);
    var given = new ArrayList<Delivery>(0);
    synchronized (lock) {
      long now = clock.millis();
      for (AckId id : ids) {
        Delivery delivery = find(id);
        if (!isCurrent(delivery, id)) {
          stale.add(id.encoded());
        } else if (seconds == 0) {
          fail(delivery, now, given);
        } else {
          wheel.schedule(delivery, now + seconds * 1_000L);
        }
      }
    }
    forward(given);
    if (seconds == 0) {
      wake();
    }
    return settings.getEnableExactlyOnceDelivery() ? stale : List.of();
  }

  /** Ends the leases and backoffs that are over; called by the timer. */
  void tick() {
    var given = new ArrayList<Delivery>(0);
    synchronized (lock) {
      long now = clock.millis();
      List<Delivery> due = wheel.due(now);
      if (due.isEmpty()) {
        return;
      }
      for (Delivery delivery : due) {
        if (delivery.state == Delivery.State.LEASED) {
          fail(delivery, now, given);
        } else if (delivery.state == Delivery.State.DELAYED) {
          delivery.state = Delivery.State.READY;
          backlog.resume(delivery);
        }
      }
    }
    forward(given);
    wake();
  }

  private Delivery find(AckId id) {
    return id.subscription().equals(life) ? unacked.get(id.sequence()) : null;
  }

  private static boolean isCurrent(Delivery delivery, AckId id) {
    return delivery != null
        && delivery.state == Delivery.State.LEASED
        && delivery.deliveries == id.delivery();
  }

  private void settle(Delivery delivery) {
    unacked.remove(delivery.sequence);
    wheel.cancel(delivery);
    unlease(delivery);
    backlog.settle(delivery);
  }

  private void unlease(Delivery delivery) {
    if (delivery.state == Delivery.State.LEASED) {
      leased--;
      delivery.holder.release(delivery);
      delivery.holder = null;
    }
  }

  private void fail(Delivery failed, long now, List<Delivery> given) {
    failed.failures++;
    for (Delivery recalled : backlog.recall(failed)) {
      wheel.cancel(recalled);
      unlease(recalled);
      recalled.state = Delivery.State.READY;
      unacked.put(recalled.sequence, recalled);
    }
    if (policy.givesUpAfter(failed.failures)) {
      failed.state = Delivery.State.DELAYED;
      given.add(failed);
      return;
    }
    retry(failed, now);
  }

  private void retry(Delivery failed, long now) {
    long backoff = policy.backoffMillis(failed.failures);
    if (backoff > 0) {
      failed.state = Delivery.State.DELAYED;
      wheel.schedule(failed, now + backoff);
    } else {
      failed.state = Delivery.State.READY;
      backlog.resume(failed);
    }
  }

  /** Outside the lock, since the dead-letter topic may well feed this same subscription. */
  private void forward(List<Delivery> given) {
    for (Delivery delivery : given) {
      boolean forwarded =
          deadLetters.test(policy.deadLetterTopic(), DeadLetter.of(delivery, settings));
      synchronized (lock) {
        if (unacked.get(delivery.sequence) != delivery) {
          continue;
        }
        if (forwarded) {
          settle(delivery);
        } else {
          retry(delivery, clock.millis());
        }
      }
    }
  }

  // ---- the whole subscription

  /** Everything published before is acked; what was acked later and retained is unacked again. */
  void seek(long millis) {
    synchronized (lock) {
      var kept = new ArrayList<Delivery>();
      for (Delivery delivery : unacked.values()) {
        if (delivery.publishedMillis >= millis) {
          kept.add(delivery);
        } else {
          acked.add(delivery, settings.getRetainAckedMessages());
        }
      }
      kept.addAll(acked.takeRetainedSince(millis));
      requeue(kept);
    }
    wake();
  }

  /**
   * Makes what is leased or delayed redeliverable at once, and forgets the consumers: a restart.
   */
  void recover() {
    synchronized (lock) {
      consumers.clear();
      requeue(new ArrayList<>(unacked.values()));
    }
  }

  private void requeue(List<Delivery> deliveries) {
    deliveries.sort(Comparator.comparingLong(delivery -> delivery.sequence));
    consumers.forEach(Consumer::forgetOutstanding);
    unacked.clear();
    backlog = new Backlog();
    wheel = new DeadlineWheel();
    leased = 0;
    for (Delivery old : deliveries) {
      var delivery = new Delivery(old.sequence, old.message, old.publishedMillis);
      delivery.deliveries = old.deliveries;
      delivery.failures = old.failures;
      add(delivery, settings.getEnableMessageOrdering());
    }
  }

  /** Ends the open streams and waiting pulls; with {@code forGood} there will be no others. */
  int end(Status status, boolean forGood) {
    List<Consumer> ended;
    synchronized (lock) {
      deleted |= forGood;
      ended = List.copyOf(consumers);
    }
    ended.forEach(consumer -> consumer.end(status));
    return ended.size();
  }

  // ---- for tests to look at

  void journal(SubscriptionJournal told) {
    journal = told;
  }

  int backlog() {
    synchronized (lock) {
      return unacked.size();
    }
  }

  int outstanding() {
    synchronized (lock) {
      return leased;
    }
  }

  int openStreams() {
    synchronized (lock) {
      return (int) consumers.stream().filter(consumer -> !consumer.once()).count();
    }
  }

  long ackedCount() {
    synchronized (lock) {
      return acked.count();
    }
  }

  List<String> ackedMessageIds() {
    synchronized (lock) {
      return acked.messageIds();
    }
  }
}
