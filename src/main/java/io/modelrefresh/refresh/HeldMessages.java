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

  private final Map<String, HeldMessage> held = new HashMap<>();
  private final Map<String, Boolean> acked =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > REMEMBERED;
        }
      };

  /** Holds a message; the caller releases it once every lane has taken its own reference. */
  public synchronized HeldMessage hold(String id, Delivery delivery) {
    HeldMessage message = new HeldMessage(id, delivery, this::settled);
    held.put(id, message);
    return message;
  }

  /**
   * Whether the message was received before and need not be looked at again. If it is still held,
   * the delivery joins it; if it was acknowledged, what it asked for has happened or is guaranteed,
   * and the delivery is acknowledged too.
   */
  public boolean recognise(String id, Delivery redelivery) {
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
    held.remove(message.id(), message);
    if (message.state() == HeldMessage.State.ACKED) {
      acked.put(message.id(), Boolean.TRUE);
    }
  }
}
