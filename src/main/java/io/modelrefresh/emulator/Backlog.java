package io.modelrefresh.emulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a subscription has to send, and in which order. Without an ordering key: the order of
 * publishing, redeliveries taking every second turn. With one: a key is offered as a token, to
 * anybody while nothing of it is leased, else only to the consumer that holds those leases. Guarded
 * by the lock of the subscription that owns it.
 *
 * <p>A token may be stale or doubled: it is checked when it is taken. The invariant is that a key
 * whose head may be sent has at least one token, at its owner or, without one, among the free.
 */
final class Backlog {

  private final Deque<Delivery> fresh = new ArrayDeque<>();
  private final Deque<Delivery> again = new ArrayDeque<>();
  private final Deque<KeyQueue> freeKeys = new ArrayDeque<>();
  private final Map<String, KeyQueue> keys = new HashMap<>();
  private boolean turnOfAgain;
  private boolean turnOfKeys;

  void add(Delivery delivery, boolean ordered) {
    String orderingKey = ordered ? delivery.message.getOrderingKey() : "";
    if (orderingKey.isEmpty()) {
      fresh.addLast(delivery);
      return;
    }
    KeyQueue key = keys.computeIfAbsent(orderingKey, KeyQueue::new);
    delivery.key = key;
    key.pending.addLast(delivery);
    if (key.head() == delivery) {
      offer(key);
    }
  }

  /** The next message for this consumer, or null; the caller leases it at once. */
  Delivery poll(Consumer consumer) {
    turnOfKeys = !turnOfKeys;
    Delivery first = turnOfKeys ? pollKeyed(consumer) : pollUnkeyed();
    if (first != null) {
      return first;
    }
    return turnOfKeys ? pollUnkeyed() : pollKeyed(consumer);
  }

  /** Tells that a message, leased or not, is acked or dead-lettered. */
  void settle(Delivery delivery) {
    boolean wasLeased = delivery.state == Delivery.State.LEASED;
    delivery.state = Delivery.State.SETTLED;
    KeyQueue key = delivery.key;
    if (key == null) {
      return;
    }
    if (wasLeased) {
      key.leased--;
    }
    while (!key.sent.isEmpty() && key.sent.peekFirst().state == Delivery.State.SETTLED) {
      key.sent.pollFirst();
    }
    if (key.leased == 0) {
      free(key);
    } else if (!wasLeased) {
      // It may have been the head that held the others back.
      offer(key);
    }
  }

  /**
   * Takes a failed, leased message back. Returns it and, with an ordering key, every later one of
   * the key that was sent: in order, the failed one first. The caller resets their states and then
   * calls {@link #resume}.
   */
  List<Delivery> recall(Delivery failed) {
    KeyQueue key = failed.key;
    if (key == null) {
      return List.of(failed);
    }
    var recalled = new ArrayDeque<Delivery>();
    Delivery last;
    do {
      last = key.sent.pollLast();
      if (last.state == Delivery.State.LEASED) {
        key.leased--;
      }
      key.pending.addFirst(last);
      recalled.addFirst(last);
    } while (last != failed);
    return new ArrayList<>(recalled);
  }

  /**
   * Offers a message again, once it is {@code READY}: after a recall or when its backoff is over.
   */
  void resume(Delivery delivery) {
    KeyQueue key = delivery.key;
    if (key == null) {
      again.addLast(delivery);
    } else if (key.leased == 0) {
      free(key);
    } else {
      offer(key);
    }
  }

  /** Lets others have the keys of a consumer that is gone; its leases run on. */
  void abandon(Consumer consumer) {
    for (KeyQueue key : new ArrayList<>(keys.values())) {
      if (key.owner == consumer) {
        free(key);
      }
    }
  }

  private Delivery pollUnkeyed() {
    turnOfAgain = !turnOfAgain;
    Delivery first = pollReady(turnOfAgain ? again : fresh);
    return first != null ? first : pollReady(turnOfAgain ? fresh : again);
  }

  private static Delivery pollReady(Deque<Delivery> queue) {
    Delivery delivery = queue.pollFirst();
    while (delivery != null && delivery.state != Delivery.State.READY) {
      delivery = queue.pollFirst();
    }
    return delivery;
  }

  private Delivery pollKeyed(Consumer consumer) {
    KeyQueue key;
    while ((key = nextKey(consumer)) != null) {
      Delivery head = key.head();
      if (head == null || (key.owner != null && key.owner != consumer)) {
        continue;
      }
      key.pending.pollFirst();
      key.sent.addLast(head);
      key.leased++;
      key.owner = consumer;
      if (key.head() != null) {
        consumer.keys.addLast(key);
      }
      return head;
    }
    return null;
  }

  private KeyQueue nextKey(Consumer consumer) {
    KeyQueue own = consumer.keys.pollFirst();
    return own != null ? own : freeKeys.pollFirst();
  }

  private void free(KeyQueue key) {
    key.owner = null;
    offer(key);
  }

  private void offer(KeyQueue key) {
    if (key.head() != null) {
      (key.owner == null ? freeKeys : key.owner.keys).addLast(key);
    } else if (key.isEmpty()) {
      keys.remove(key.key, key);
    }
  }
}
