package io.modelrefresh.emulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * What was acked: the message ids, for tests to check by (the latest {@value #MAX_IDS}), and, where
 * the subscription retains acked messages, these themselves, for Seek. Guarded by the lock of the
 * subscription that owns it.
 */
final class AckLog {

  private static final int MAX_IDS = 1 << 20;

  private final Deque<Delivery> retained = new ArrayDeque<>();
  private long[] ids = new long[1_024];
  private long count;

  void add(Delivery delivery, boolean retain) {
    if (count == ids.length && ids.length < MAX_IDS) {
      ids = Arrays.copyOf(ids, ids.length * 2);
    }
    ids[(int) (count++ % ids.length)] = Long.parseLong(delivery.message.getMessageId());
    if (retain) {
      retained.addLast(delivery);
    }
  }

  long count() {
    return count;
  }

  List<String> messageIds() {
    var messageIds = new ArrayList<String>();
    for (long i = Math.max(0, count - ids.length); i < count; i++) {
      messageIds.add(Long.toString(ids[(int) (i % ids.length)]));
    }
    return messageIds;
  }

  List<Delivery> takeRetainedSince(long millis) {
    var since = new ArrayList<Delivery>();
    retained.removeIf(delivery -> delivery.publishedMillis >= millis && since.add(delivery));
    return since;
  }
}
