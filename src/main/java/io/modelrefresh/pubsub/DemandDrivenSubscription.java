package io.modelrefresh.pubsub;

import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/**
 * The bridge between a receiver that pushes and a subscriber that pulls. Whatever happens (arrival,
 * request, cancel, end) is written down, then one drain task on the context acts on it; {@code
 * signals} counts what the task has not yet seen, so it is scheduled once however many signals
 * come. No locks; emission is in order of arrival, hence in order per key.
 */
final class DemandDrivenSubscription<T> implements Flow.Subscription {

  private static final Logger LOG = Logger.getLogger(DemandDrivenSubscription.class);

  /** How many are emitted before other tasks of the event loop get their turn. */
  private static final int BATCH = 256;

  private record End(Optional<Throwable> failure) {}

  private final Queue<Delivery> queue = new ConcurrentLinkedQueue<>();
  private final Set<String> nackedKeys = ConcurrentHashMap.newKeySet();
  private final AtomicLong demand = new AtomicLong();

  /** One from the start, so that nothing is drained before {@link #begin}. */
  private final AtomicInteger signals = new AtomicInteger(1);

  private final AtomicBoolean demanded = new AtomicBoolean();
  private final AtomicReference<End> end = new AtomicReference<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicReference<Flow.Subscriber<? super T>> downstream;
  private final Executor context;
  private final DemandDrivenPublisher.Source<T> source;

  DemandDrivenSubscription(
      Flow.Subscriber<? super T> downstream,
      Executor context,
      DemandDrivenPublisher.Source<T> source) {
    this.downstream = new AtomicReference<>(downstream);
    this.context = context;
    this.source = source;
  }

  /** Called once, when {@code onSubscribe} has returned: no other signal may come before. */
  void begin() {
    context.execute(this::drain);
  }

  @Override
  public void request(long n) {
    if (n <= 0) {
      fail(new IllegalArgumentException("Reactive Streams 3.9: requested " + n + ", must be > 0"));
      return;
    }
    demand.accumulateAndGet(n, (had, more) -> had + more < 0 ? Long.MAX_VALUE : had + more);
    signal();
    if (demanded.compareAndSet(false, true)) {
      source.demanded();
    }
  }

  @Override
  public void cancel() {
    if (closed.compareAndSet(false, true)) {
      source.cancelled();
      signal();
    }
  }

  void offer(List<Delivery> deliveries) {
    queue.addAll(deliveries);
    signal();
  }

  void releaseSuccessors(String orderingKey) {
    nackedKeys.add(orderingKey);
    signal();
  }

  void complete() {
    end(new End(Optional.empty()));
  }

  void fail(Throwable reason) {
    end(new End(Optional.of(reason)));
  }

  private void end(End how) {
    if (end.compareAndSet(null, how)) {
      signal();
    }
  }

  private void signal() {
    if (signals.getAndIncrement() == 0) {
      context.execute(this::drain);
    }
  }

  private void drain() {
    var seen = signals.get();
    while (seen != 0) {
      releaseNackedKeys();
      if (end.get() != null) {
        close();
      }
      if (closed.get()) {
        downstream.set(null);
        releaseAll();
      } else if (emitBatch()) {
        // More to emit: signals stays above zero, so nobody else schedules a drain.
        context.execute(this::drain);
        return;
      }
      seen = signals.addAndGet(-seen);
    }
  }

  /** Returns true if there is more to emit than one batch. */
  private boolean emitBatch() {
    var wanted = demand.get();
    var emitted = 0;
    var next = dropExpired();
    while (next != null && emitted < wanted && emitted < BATCH && !closed.get()) {
      queue.poll();
      emitted++;
      if (!emit(next)) {
        return false;
      }
      next = dropExpired();
    }
    if (wanted != Long.MAX_VALUE) {
      demand.addAndGet(-emitted);
    }
    return next != null && emitted == BATCH && !closed.get() && demand.get() > 0;
  }

  private boolean emit(Delivery delivery) {
    try {
      source.emit(delivery, downstream.get());
      return true;
    } catch (RuntimeException | Error e) {
      // Rule 2.13: the subscriber broke the contract, so it is considered cancelled.
      LOG.error("the subscriber threw from onNext; the channel is cancelled", e);
      delivery.nack();
      cancel();
      return false;
    }
  }

  /** Drops expired heads, whatever the demand: their permits are free, so others come in. */
  private Delivery dropExpired() {
    var head = queue.peek();
    while (head != null && source.isExpired(head)) {
      queue.poll();
      head.expire();
      head = queue.peek();
    }
    return head;
  }

  private void releaseNackedKeys() {
    if (nackedKeys.isEmpty()) {
      return;
    }
    var keys = Set.copyOf(nackedKeys);
    nackedKeys.removeAll(keys);
    queue.removeIf(
        delivery -> {
          if (keys.contains(delivery.orderingKey())) {
            delivery.release();
            return true;
          }
          return false;
        });
  }

  private void close() {
    var subscriber = downstream.getAndSet(null);
    if (closed.compareAndSet(false, true) && subscriber != null) {
      end.get().failure().ifPresentOrElse(subscriber::onError, subscriber::onComplete);
    }
  }

  private void releaseAll() {
    for (var delivery = queue.poll(); delivery != null; delivery = queue.poll()) {
      delivery.release();
    }
  }
}
