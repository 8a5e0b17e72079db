package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

/** The bridge with a fake receiver: its context runs a task only when the test says so. */
class DemandDrivenPublisherTest {

  private final List<Runnable> tasks = new ArrayList<>();
  private final Deliveries deliveries = new Deliveries();
  private final FakeSource source = new FakeSource();
  private final DemandDrivenPublisher<Delivery> publisher =
      new DemandDrivenPublisher<>(tasks::add, source);
  private final Keeper keeper = new Keeper();

  @Test
  void messages_of_a_key_are_emitted_in_the_order_of_their_receipt_and_wait_for_no_ack() {
    publisher.subscribe(keeper);
    keeper.subscription.request(9);

    offer("1", "a");
    offer("2", "b");
    offer("3", "a");
    runTasks();

    assertThat(Deliveries.ids(keeper.received)).containsExactly("1", "2", "3");
  }

  @Test
  void a_nack_gives_back_the_queued_successors_of_its_key_and_of_no_other() {
    publisher.subscribe(keeper);
    keeper.subscription.request(1);
    offer("1", "a");
    offer("2", "b");
    offer("3", "a");
    runTasks();

    keeper.received.get(0).nack();
    publisher.releaseSuccessors("a");
    runTasks();

    assertThat(deliveries.onTheWire).containsExactly("nack 1", "nack 3");
    keeper.subscription.request(9);
    runTasks();
    assertThat(Deliveries.ids(keeper.received)).containsExactly("1", "2");
  }

  @Test
  void what_arrives_after_a_nack_of_its_key_is_emitted() {
    publisher.subscribe(keeper);
    keeper.subscription.request(9);
    offer("1", "a");
    runTasks();

    publisher.releaseSuccessors("a");
    runTasks();
    offer("1 again", "a");
    runTasks();

    assertThat(Deliveries.ids(keeper.received)).containsExactly("1", "1 again");
  }

  @Test
  void any_number_of_signals_schedules_one_drain() {
    publisher.subscribe(keeper);
    keeper.subscription.request(9);
    runTasks();

    offer("1", "");
    offer("2", "");
    keeper.subscription.request(9);

    assertThat(tasks).hasSize(1);
  }

  @Test
  void a_long_queue_lets_other_tasks_of_the_context_run_in_between() {
    publisher.subscribe(keeper);
    runTasks();
    for (var i = 0; i < 1_000; i++) {
      offer("" + i, "");
    }
    keeper.subscription.request(Long.MAX_VALUE);

    tasks.remove(0).run();

    assertThat(keeper.received).hasSize(256);
    runTasks();
    assertThat(keeper.received).hasSize(1_000);
  }

  @Test
  void expired_messages_are_dropped_even_without_demand() {
    publisher.subscribe(keeper);
    runTasks();
    offer("1", "");
    source.now = Duration.ofMinutes(61).toMillis();
    publisher.offer(List.of(deliveries.delivery("2", "", source.now)));
    runTasks();

    assertThat(deliveries.expired).containsExactly("1");
    assertThat(deliveries.onTheWire).isEmpty();
  }

  @Test
  void a_subscriber_that_throws_loses_the_channel_and_the_message_is_nacked() {
    publisher.subscribe(keeper);
    keeper.thrown = new IllegalStateException("broken consumer");
    keeper.subscription.request(9);

    offer("1", "");
    offer("2", "");
    runTasks();

    assertThat(deliveries.onTheWire).containsExactly("nack 1", "nack 2");
    assertThat(source.isCancelled).isTrue();
  }

  @Test
  void a_delivery_nobody_subscribed_for_is_given_back() {
    offer("1", "");

    assertThat(deliveries.released).containsExactly("1");
  }

  private void offer(String id, String key) {
    publisher.offer(List.of(deliveries.delivery(id, key, 0)));
  }

  private void runTasks() {
    while (!tasks.isEmpty()) {
      tasks.remove(0).run();
    }
  }

  private static final class FakeSource implements DemandDrivenPublisher.Source<Delivery> {
    long now;
    boolean isCancelled;

    @Override
    public void emit(Delivery delivery, Flow.Subscriber<? super Delivery> downstream) {
      downstream.onNext(delivery);
    }

    @Override
    public void demanded() {}

    @Override
    public void cancelled() {
      isCancelled = true;
    }

    @Override
    public boolean isExpired(Delivery delivery) {
      return now - delivery.receivedAtMillis() > Duration.ofMinutes(60).toMillis();
    }
  }

  private static final class Keeper implements Flow.Subscriber<Delivery> {
    final List<Delivery> received = new ArrayList<>();
    Flow.Subscription subscription;
    RuntimeException thrown;

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
    }

    @Override
    public void onNext(Delivery delivery) {
      if (thrown != null) {
        throw thrown;
      }
      received.add(delivery);
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onComplete() {}
  }
}
