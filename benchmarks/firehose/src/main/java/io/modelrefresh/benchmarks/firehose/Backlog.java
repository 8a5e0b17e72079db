package io.modelrefresh.benchmarks.firehose;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;

/**
 * What has become of each message of the one subscription. Every method is called with this
 * object's lock held.
 */
final class Backlog {

  private static final byte FRESH = 0;
  private static final byte OUT = 1;
  private static final byte TO_REDELIVER = 2;
  private static final byte ACKED = 3;

  private final Messages messages;
  private final int batch;
  private final long leaseMillis;
  private final byte[] state;
  private final PullStream[] owner;
  private final long[] leasedUntil;
  private final Queue<Integer> redeliveries = new ArrayDeque<>();
  private final List<PullStream> streams = new ArrayList<>();
  private final Queue<Runnable> parkedPulls = new ArrayDeque<>();
  private final CountDownLatch done = new CountDownLatch(1);
  private final Measurement measurement;
  private int next;

  Backlog(Messages messages, Options options, Measurement measurement) {
    this.messages = messages;
    this.measurement = measurement;
    batch = options.batch();
    leaseMillis = options.leaseMillis();
    state = new byte[messages.count()];
    owner = new PullStream[messages.count()];
    leasedUntil = new long[leaseMillis > 0 ? messages.count() : 0];
  }

  /** Comes to zero when every message is acked. */
  CountDownLatch done() {
    return done;
  }

  Measurement measurement() {
    return measurement;
  }

  int batch() {
    return batch;
  }

  void open(PullStream stream) {
    measurement.opened();
    measurement.streams++;
    streams.add(stream);
  }

  void close(PullStream stream) {
    streams.remove(stream);
  }

  /** Keeps a pull that found nothing until something is to be had. */
  void park(Runnable pull) {
    parkedPulls.add(pull);
  }

  void pump() {
    List.copyOf(streams).forEach(PullStream::pump);
    while (!parkedPulls.isEmpty() && (!redeliveries.isEmpty() || next < messages.count())) {
      parkedPulls.remove().run();
    }
  }

  /**
   * Hands out messages, redeliveries first.
   *
   * @param to whose outstanding messages they count among; null for a Pull
   * @return null where none waits
   */
  Slice take(int room, long roomBytes, PullStream to) {
    long now = leaseMillis > 0 ? System.currentTimeMillis() : 0;
    return redeliveries.isEmpty()
        ? takeFresh(room, roomBytes, to, now)
        : redeliver(room, roomBytes, to, now);
  }

  private Slice takeFresh(int room, long roomBytes, PullStream to, long now) {
    if (next >= messages.count()) {
      return null;
    }
    int first = next;
    int end = Math.min(messages.endOfSegment(first), first + room);
    long bytes = 0;
    while (next < end && bytes < roomBytes) {
      bytes += messages.bytes(next);
      give(next++, to, now);
    }
    measurement.sent();
    return messages.slice(first, next);
  }

  private Slice redeliver(int room, long roomBytes, PullStream to, long now) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int given = 0; given < room && out.size() < roomBytes && !redeliveries.isEmpty(); ) {
      int message = redeliveries.remove();
      if (state[message] != TO_REDELIVER) {
        continue;
      }
      try {
        messages.copy(message, out);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      give(message, to, now);
      measurement.duplicates++;
      given++;
    }
    return out.size() == 0 ? null : new Slice(out.toByteArray(), 0, out.size());
  }

  private void give(int message, PullStream to, long now) {
    state[message] = OUT;
    owner[message] = to;
    if (leaseMillis > 0) {
      leasedUntil[message] = now + leaseMillis;
    }
    if (to != null) {
      to.gave(messages.bytes(message));
    }
  }

  private void takeBack(int message) {
    if (owner[message] != null) {
      owner[message].settled(messages.bytes(message));
      owner[message] = null;
    }
  }

  void ack(int message) {
    if (message < 0 || message >= state.length || state[message] == FRESH) {
      measurement.unknownAcks++;
      return;
    }
    if (state[message] != OUT) {
      measurement.lateAcks++;
    }
    if (state[message] != ACKED) {
      takeBack(message);
      state[message] = ACKED;
      if (measurement.acked()) {
        done.countDown();
      }
    }
  }

  /**
   * @param seconds of its lease from now; 0 gives it back
   */
  void modify(int message, int seconds) {
    measurement.modifiedIds++;
    if (message < 0 || message >= state.length || state[message] != OUT) {
      return;
    }
    if (seconds == 0) {
      measurement.nacks++;
      giveBack(message);
    } else if (leaseMillis > 0) {
      leasedUntil[message] = System.currentTimeMillis() + 1_000L * seconds;
    }
  }

  private void giveBack(int message) {
    takeBack(message);
    state[message] = TO_REDELIVER;
    redeliveries.add(message);
  }

  /** Redelivers what nobody extended, where leases expire at all. */
  void expire() {
    if (leaseMillis == 0) {
      return;
    }
    long now = System.currentTimeMillis();
    for (int message = 0; message < next; message++) {
      if (state[message] == OUT && leasedUntil[message] < now) {
        measurement.expired++;
        giveBack(message);
      }
    }
    pump();
  }
}
