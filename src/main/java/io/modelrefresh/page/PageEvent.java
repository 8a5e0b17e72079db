package io.modelrefresh.page;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.modelrefresh.agent.ModelView;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a viewer is told at once.
 *
 * @param now by the agent's clock
 * @param reset whether what was told before is to be forgotten
 * @param more whether the next event follows at once, and completes this one
 * @param subscription whether updates arrive
 * @param models those that look other than before
 * @param refreshes those that ended since, in order
 * @param deadLetters when there are others than before
 */
record PageEvent(
    Instant now,
    boolean reset,
    boolean more,
    Subscription subscription,
    List<ModelView> models,
    List<Refresh> refreshes,
    Optional<DeadLetterHistory.DeadLetters> deadLetters) {

  /**
   * The subscription the agent consumes.
   *
   * @param detail its name, or why no update arrives and what helps
   */
  record Subscription(boolean open, String detail) {}

  @JsonIgnore
  boolean isNews() {
    return reset || !models.isEmpty() || !refreshes.isEmpty() || deadLetters.isPresent();
  }
}
