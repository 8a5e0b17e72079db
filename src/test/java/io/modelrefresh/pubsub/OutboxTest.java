package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxTest {

  private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
  private final List<String> sent = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  @Test
  void whatAnotherThreadHasTakenIsHandedOnBeforeSendReturns() throws InterruptedException {
    CountDownLatch taken = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    Outbox outbox =
        new Outbox(
            executor,
            ids -> {
              taken.countDown();
              awaitQuietly(goOn);
              sent.addAll(ids);
            });
    outbox.add("1");
    taken.await(); // By the executor, some milliseconds later.

    Thread last = new Thread(outbox::send);
    last.start();

    await().until(() -> last.getState() == Thread.State.BLOCKED);
    goOn.countDown();
    last.join();
    assertThat(sent).containsExactly("1");
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
