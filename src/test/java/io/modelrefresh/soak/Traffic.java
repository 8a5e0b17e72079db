package io.modelrefresh.soak;

import com.google.pubsub.v1.PubsubMessage;
import io.grpc.StatusRuntimeException;
import io.modelrefresh.agent.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A feature store that publishes as long as it runs, and again what it is not sure of. */
final class Traffic implements AutoCloseable {

  private static final int EVERY_MILLIS = 50;

  /** How many rounds a pace lasts in the mean: four seconds. */
  private static final int ROUNDS = 80;

  private static final int AT_MOST = 4;
  private static final int BURST = 400;

  /** What is published later hides what became of what was before: there are to be few, or none. */
  private enum Pace {
    BUSY,
    SPARSE,
    SILENT
  }

  private final Topic topic;
  private final Journal journal;
  private final Random random;
  private final AtomicInteger burst = new AtomicInteger();
  private final Thread publisher = new Thread(this::publish, "soak-publisher");
  private int attributes;
  private volatile boolean ended;

  Traffic(Topic topic, Journal journal, long seed) {
    this.topic = topic;
    this.journal = journal;
    this.random = Schedule.random(seed, "traffic");
  }

  void start() {
    publisher.start();
  }

  void burst() {
    burst.addAndGet(BURST);
  }

  private void publish() {
    Pace pace = Pace.BUSY;
    while (!ended) {
      if (random.nextInt(ROUNDS) == 0) {
        pace = Pace.values()[random.nextInt(Pace.values().length)];
      }
      int count = count(pace) + burst.getAndSet(0);
      List<PubsubMessage> messages = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        PubsubMessage message = next();
        messages.add(message);
        if (random.nextInt(50) == 0) {
          messages.add(message);
        }
      }
      if (!messages.isEmpty()) {
        publish(messages);
      }
      LockSupport.parkNanos(EVERY_MILLIS * 1_000_000L);
    }
  }

  private int count(Pace pace) {
    return switch (pace) {
      case BUSY -> random.nextInt(AT_MOST + 1);
      case SPARSE -> random.nextInt(ROUNDS) < AT_MOST ? 1 : 0;
      case SILENT -> 0;
    };
  }

  private PubsubMessage next() {
    Update update = Update.drawn(random, Catalog.views());
    String attribute = Integer.toString(++attributes);
    journal.announce(attribute, update);
    return update.message(Map.entry(Journal.ATTRIBUTE, attribute), random);
  }

  /** Whether a request that failed had arrived is not known, so it is sent again. */
  private void publish(List<PubsubMessage> messages) {
    List<PubsubMessage> rest = messages;
    while (!rest.isEmpty()) {
      // A request holds 10 MB at most, and may have huge messages.
      List<PubsubMessage> some = rest.subList(0, Math.min(5, rest.size()));
      try {
        topic.publish(some);
        rest = rest.subList(some.size(), rest.size());
      } catch (StatusRuntimeException e) {
        LockSupport.parkNanos(EVERY_MILLIS * 1_000_000L);
      }
    }
  }

  @Override
  public void close() {
    ended = true;
    try {
      publisher.join(30_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
