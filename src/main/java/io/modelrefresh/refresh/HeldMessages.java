package io.modelrefresh.refresh;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The messages held now, by id, and the ids of those acknowledged lately: what a redelivery is
 * recognised by. Thread-safe. Memory is bounded by what the lanes hold, plus {@value #REMEMBERED}
 * ids.
 */
public final class HeldMessages {

  private static final int REMEMBERED = 65_536;

  /**
   * A message's id, hashed so that it spreads: by String's own hash, ids that count up in decimals,
   * as Pub/Sub's do, crowd into few buckets of a map.
   */
  private record Id(String text) {
    private static final int GOLDEN_RATIO = 0x9E3779B9;

    @Override
    public int hashCode() {
      return text.hashCode() * GOLDEN_RATIO;
    }
  }

  private final Map<Id, HeldMessage> held = new HashMap<>();
  private final Map<Id, Boolean> acked =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Id, Boolean> eldest) {
          return size() > REMEMBERED;
        }
      };

  /** Holds a message; the caller releases it once every lane has taken its own reference. */
  public synchronized HeldMessage hold(String id, Delivery delivery) {
    HeldMessage message = new HeldMessage(id, delivery, this::settled);
    held.put(new Id(id), message);
    return message;
  }

  /**
   * Whether the message was received before and need not be looked at again. If it is still held,
   * the delivery takes the place of the one before; if it was acknowledged, what it asked for has
   * happened or is guaranteed, and the delivery is acknowledged too.
   */
  public boolean recognise(String messageId, Delivery redelivery) {
    Id id = new Id(messageId);
    HeldMessage.State state;
    synchronized (this) {
      HeldMessage before = held.get(id);
      if (before != null) {
        state = before.join(redelivery);
      } else {
        state = acked.containsKey(id) ? HeldMessage.State.ACKED : HeldMessage.State.NACKED;
      }
    }
    if (state == HeldMessage.State.ACKED) {
      redelivery.ack();
    }
    return state != HeldMessage.State.NACKED;
  }

  /** How many messages are held unacknowledged now. */
  public synchronized int count() {
    return held.size();
  }

  private synchronized void settled(HeldMessage message) {
    Id id = new Id(message.id());
    held.remove(id, message);
    if (message.state() == HeldMessage.State.ACKED) {
      acked.put(id, Boolean.TRUE);
    }
  }
}
