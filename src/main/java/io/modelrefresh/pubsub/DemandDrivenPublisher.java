package io.modelrefresh.pubsub;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Hands deliveries to its one subscriber, as Reactive Streams has it: never more than were
 * requested. A delivery that arrives without a subscriber is given back.
 *
 * @param <T> what the subscriber gets
 */
final class DemandDrivenPublisher<T> implements Flow.Publisher<T> {

  /** What the publisher needs of its owner. All but {@code emit} may be called on any thread. */
  interface Source<T> {
    /** On the context: makes the item and passes it on. */
    void emit(Delivery delivery, Flow.Subscriber<? super T> downstream);

    /** The first request was made: deliveries may begin. */
    void demanded();

    /** The consumer is gone: nothing more can be delivered. */
    void cancelled();

    /** Whether the lease of a queued delivery is over. */
    boolean isExpired(Delivery delivery);
  }

  private final AtomicReference<DemandDrivenSubscription<T>> subscription = new AtomicReference<>();
  private final Executor context;
  private final Source<T> source;

  /**
   * @param context runs tasks one after the other, in order; all signals to the subscriber but
   *     {@code onSubscribe} are sent from it
   */
  DemandDrivenPublisher(Executor context, Source<T> source) {
    this.context = context;
    this.source = source;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super T> subscriber) {
    Objects.requireNonNull(subscriber, "subscriber");
    var candidate = new DemandDrivenSubscription<T>(subscriber, context, source);
    if (subscription.compareAndSet(null, candidate)) {
      subscriber.onSubscribe(candidate);
      candidate.begin();
      return;
    }
    subscriber.onSubscribe(new RefusedSubscription());
    subscriber.onError(new IllegalStateException("this channel has its one subscriber already"));
  }

  /** Never blocks: enqueues, in this order, and triggers a drain. */
  void offer(List<Delivery> deliveries) {
    var current = subscription.get();
    if (current == null) {
      deliveries.forEach(Delivery::release);
    } else {
      current.offer(deliveries);
    }
  }

  /** Gives back the queued deliveries of an ordering key. */
  void releaseSuccessors(String orderingKey) {
    var current = subscription.get();
    if (current != null) {
      current.releaseSuccessors(orderingKey);
    }
  }

  /** Gives back what is queued and completes. */
  void complete() {
    var current = subscription.get();
    if (current != null) {
      current.complete();
    }
  }

  /** Gives back what is queued and fails. */
  void fail(Throwable reason) {
    var current = subscription.get();
    if (current != null) {
      current.fail(reason);
    }
  }

  /** Only there because Reactive Streams wants one before an error (rule 1.9). */
  private record RefusedSubscription() implements Flow.Subscription {
    @Override
    public void request(long n) {}

    @Override
    public void cancel() {}
  }
}
