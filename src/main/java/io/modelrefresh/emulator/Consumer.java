package io.modelrefresh.emulator;

import com.google.pubsub.v1.ReceivedMessage;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Somebody a subscription sends to: an open stream or a waiting Pull. The fields are guarded by the
 * subscription's lock; the methods that reach the network say so and are called without it.
 */
abstract class Consumer {

  /** What one response may hold: large enough to amortise a call, far below the message limit. */
  static final int MAX_BATCH_MESSAGES = 1_000;

  static final int MAX_BATCH_BYTES = 1 << 20;

  /** Ordering keys that only this consumer may be given, and that have something to send. */
  final Deque<KeyQueue> keys = new ArrayDeque<>();

  private List<ReceivedMessage> batch = new ArrayList<>();
  private int batchBytes;
  private long outstandingMessages;
  private long outstandingBytes;

  /** Whether another message fits now, by flow control and by the size of one response. */
  final boolean hasRoom() {
    return batch.size() < MAX_BATCH_MESSAGES
        && batchBytes < MAX_BATCH_BYTES
        && accepts(outstandingMessages, outstandingBytes);
  }

  final void hold(Delivery delivery, ReceivedMessage message) {
    outstandingMessages++;
    outstandingBytes += delivery.bytes;
    batch.add(message);
    batchBytes += delivery.bytes;
  }

  final void release(Delivery delivery) {
    outstandingMessages--;
    outstandingBytes -= delivery.bytes;
  }

  final void forgetOutstanding() {
    outstandingMessages = 0;
    outstandingBytes = 0;
    keys.clear();
  }

  final boolean hasBatch() {
    return !batch.isEmpty();
  }

  /** Hands over what is to be sent, once. */
  final List<ReceivedMessage> takeBatch() {
    List<ReceivedMessage> taken = batch;
    if (!taken.isEmpty()) {
      batch = new ArrayList<>();
      batchBytes = 0;
    }
    return taken;
  }

  abstract boolean accepts(long outstandingMessages, long outstandingBytes);

  /** How long it gets for each message, in milliseconds; 0: what the subscription says. */
  abstract long ackDeadlineMillis();

  /** Whether it takes one batch and is gone (Pull), or stays (StreamingPull). */
  abstract boolean once();

  /** Sends; called without the lock, by one thread at a time. */
  abstract void send(List<ReceivedMessage> messages);

  /** Ends it; called without the lock. */
  abstract void end(Status status);
}
