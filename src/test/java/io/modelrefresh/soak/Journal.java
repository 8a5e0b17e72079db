package io.modelrefresh.soak;

import com.google.protobuf.util.Timestamps;
import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.emulator.SubscriptionJournal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** What became of every message, by the server's own account, in its order. */
final class Journal implements SubscriptionJournal {

  static final String ATTRIBUTE = "soak";

  /** One message of the subscription. Written under the subscription's lock, read at the end. */
  static final class Sent {

    final String id;
    final Update update;

    /** When it was in the subscription; a moment after the publish time, which is in whole ms. */
    final Instant publishedAt = Instant.now();

    final Instant publishTime;
    volatile long firstDelivered = Long.MAX_VALUE;
    volatile int deliveries;
    volatile long acked = Long.MAX_VALUE;
    volatile Instant ackedAt = Instant.MAX;

    private Sent(String id, Update update, Instant publishTime) {
      this.id = id;
      this.update = update;
      this.publishTime = publishTime;
    }

    /** Whether an agent had it, or was to have it again, at that moment. */
    boolean wasHeld(long moment) {
      return firstDelivered < moment && acked > moment;
    }

    @Override
    public String toString() {
      return "message %s (%s) published %s, delivered %d times, acked %s"
          .formatted(id, update, publishedAt, deliveries, ackedAt);
    }
  }

  private final Map<String, Update> updates = new ConcurrentHashMap<>();
  private final Map<String, Sent> sent = new ConcurrentHashMap<>();
  private final List<Sent> inOrder = new ArrayList<>();
  private final AtomicLong moments = new AtomicLong();

  /** Makes known what the message of this attribute says. */
  void announce(String attribute, Update update) {
    updates.put(attribute, update);
  }

  @Override
  public void published(PubsubMessage message) {
    Update update = updates.get(message.getAttributesOrThrow(ATTRIBUTE));
    Instant publishTime = Instant.ofEpochMilli(Timestamps.toMillis(message.getPublishTime()));
    Sent published = new Sent(message.getMessageId(), update, publishTime);
    sent.put(published.id, published);
    synchronized (inOrder) {
      inOrder.add(published);
    }
  }

  @Override
  public void delivered(String messageId) {
    Sent message = sent.get(messageId);
    message.deliveries++;
    if (message.firstDelivered == Long.MAX_VALUE) {
      message.firstDelivered = moments.incrementAndGet();
    }
  }

  @Override
  public void acked(String messageId) {
    Sent message = sent.get(messageId);
    message.ackedAt = Instant.now();
    message.acked = moments.incrementAndGet();
  }

  Optional<Sent> message(String id) {
    return Optional.ofNullable(sent.get(id));
  }

  Collection<Sent> all() {
    synchronized (inOrder) {
      return List.copyOf(inOrder);
    }
  }
}
