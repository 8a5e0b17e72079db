package io.modelrefresh.pubsub;

import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import org.eclipse.microprofile.reactive.messaging.Message;

/** Takes only what it is told to, and keeps it. */
final class Consumer implements Flow.Subscriber<Message<?>> {

  final List<Message<?>> received = new CopyOnWriteArrayList<>();
  final List<String> threads = new CopyOnWriteArrayList<>();
  volatile Flow.Subscription subscription;
  volatile Throwable failure;
  volatile boolean completed;

  Consumer request(long n) {
    subscription.request(n);
    return this;
  }

  Consumer awaitReceived(int messages) {
    await().until(() -> received.size() >= messages);
    return this;
  }

  Message<?> message(int index) {
    awaitReceived(index + 1);
    return received.get(index);
  }

  Message<?> message(String text) {
    await().until(() -> texts().contains(text));
    return received.stream().filter(one -> text(one).equals(text)).reduce((a, b) -> b).get();
  }

  List<String> texts() {
    return received.stream().map(Consumer::text).toList();
  }

  static String text(Message<?> message) {
    return new String((byte[]) message.getPayload(), StandardCharsets.UTF_8);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
  }

  @Override
  public void onNext(Message<?> message) {
    threads.add(Thread.currentThread().getName());
    received.add(message);
  }

  @Override
  public void onError(Throwable thrown) {
    failure = thrown;
  }

  @Override
  public void onComplete() {
    completed = true;
  }
}
