package io.modelrefresh.emulator;

import io.grpc.Status;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * What is made to go wrong. Every method may be called from any thread, takes effect at once and
 * lasts, across restarts too, until it is lifted; {@link #clear} lifts all. A method is named as in
 * the protocol: {@code Publish}, {@code StreamingPull}, {@code Acknowledge}.
 */
public final class Faults {

  /** The running server, as far as faults need it. */
  interface Server {
    int endStreams(Predicate<String> ofSubscription, Status status);

    void wakeAll();
  }

  private static final String EVERY_METHOD = "*";

  private final Server server;
  private final Set<String> denied = ConcurrentHashMap.newKeySet();
  private final Map<String, Duration> delays = new ConcurrentHashMap<>();
  private final AtomicLong acksToDrop = new AtomicLong();
  private volatile boolean halfOpen;

  Faults(Server server) {
    this.server = server;
  }

  /**
   * Ends every open stream (and waiting Pull) with this status.
   *
   * @return how many were open
   */
  public int cutStreams(Status status) {
    return server.endStreams(subscription -> true, status);
  }

  /** As {@link #cutStreams(Status)}, for one subscription by its full name. */
  public int cutStreams(String subscription, Status status) {
    return server.endStreams(subscription::equals, status);
  }

  /**
   * Answers PERMISSION_DENIED to every call of this method, or every call about this resource
   * ({@code projects/..}), and ends the streams concerned with it.
   */
  public void deny(String methodOrResource) {
    denied.add(methodOrResource);
    server.endStreams(
        subscription ->
            methodOrResource.equals(subscription) || methodOrResource.equals("StreamingPull"),
        permissionDenied(methodOrResource));
  }

  /** Lifts what {@link #deny} imposed. */
  public void allow(String methodOrResource) {
    denied.remove(methodOrResource);
  }

  /** Lets every call wait this long before it is looked at; zero lifts it. */
  public void delay(Duration delay) {
    delay(EVERY_METHOD, delay);
  }

  /** As {@link #delay(Duration)}, for one method; on StreamingPull it delays the opening. */
  public void delay(String method, Duration delay) {
    if (delay.isZero()) {
      delays.remove(method);
    } else {
      delays.put(method, delay);
    }
  }

  /** Accepts and forgets the next acks, counted by message; a redelivery follows their deadline. */
  public void dropAcks(long next) {
    acksToDrop.set(next);
  }

  /** Accepts and forgets every ack from now on, until {@code dropAcks(0)}. */
  public void dropAllAcks() {
    acksToDrop.set(Long.MAX_VALUE);
  }

  /** Accepts streams but delivers nothing on them and answers no keepalive. */
  public void halfOpen(boolean on) {
    halfOpen = on;
    if (!on) {
      server.wakeAll();
    }
  }

  /** Lifts everything. */
  public void clear() {
    denied.clear();
    delays.clear();
    acksToDrop.set(0);
    halfOpen(false);
  }

  boolean isDenied(String methodOrResource) {
    return denied.contains(methodOrResource);
  }

  void admit(String method, String resource) {
    if (isDenied(method) || isDenied(resource)) {
      throw permissionDenied(resource).asRuntimeException();
    }
  }

  Duration delayOf(String method) {
    Duration own = delays.get(method);
    return own != null ? own : delays.getOrDefault(EVERY_METHOD, Duration.ZERO);
  }

  boolean dropsAck() {
    if (acksToDrop.get() == 0) {
      return false;
    }
    long before =
        acksToDrop.getAndUpdate(left -> left == 0 || left == Long.MAX_VALUE ? left : left - 1);
    return before > 0;
  }

  boolean isHalfOpen() {
    return halfOpen;
  }

  private static Status permissionDenied(String what) {
    return Status.PERMISSION_DENIED.withDescription(
        "User not authorized to perform this action (" + what + ").");
  }
}
