package io.modelrefresh.page;

import io.modelrefresh.agent.DeadLettered;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The messages dead-lettered lately, at most {@value #MOST}, and how many it were. Thread-safe. */
@ApplicationScoped
class DeadLetterHistory {

  static final int MOST = 20;

  /**
   * @param total since the agent started
   * @param recent the newest first
   */
  record DeadLetters(long total, List<DeadLettered> recent) {}

  private final Deque<DeadLettered> newestFirst = new ArrayDeque<>();
  private long total;

  synchronized void deadLettered(@Observes DeadLettered letter) {
    total++;
    newestFirst.addFirst(letter);
    if (newestFirst.size() > MOST) {
      newestFirst.removeLast();
    }
  }

  synchronized DeadLetters now() {
    return new DeadLetters(total, List.copyOf(newestFirst));
  }
}
