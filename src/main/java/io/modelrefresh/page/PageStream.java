package io.modelrefresh.page;

import io.modelrefresh.agent.FeatureUpdateConsumer;
import io.modelrefresh.page.DeadLetterHistory.DeadLetters;
import io.modelrefresh.page.PageEvent.Subscription;
import io.smallrye.mutiny.Multi;
import io.smallrye.reactive.messaging.providers.extension.HealthCenter;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Tells viewers what has changed. A viewer costs the place up to which it was told and the one
 * event under way to it: who reads slowly is told less often, and then how things are, not how they
 * came to be so.
 */
@ApplicationScoped
class PageStream {

  /** How many may watch at once. */
  static final int MOST_VIEWERS = 32;

  static final int MODELS_AN_EVENT = 100;
  static final int REFRESHES_AN_EVENT = 200;

  /** After so long without news a viewer is told the time: it and proxies know it is connected. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private static final Duration AT_ONCE = Duration.ofMillis(1);

  private final ModelBoard board;
  private final RefreshHistory refreshes;
  private final DeadLetterHistory deadLetters;
  private final HealthCenter health;
  private final Clock clock;
  private final AtomicInteger viewers = new AtomicInteger();

  PageStream(
      ModelBoard board,
      RefreshHistory refreshes,
      DeadLetterHistory deadLetters,
      HealthCenter health,
      Clock clock) {
    this.board = board;
    this.refreshes = refreshes;
    this.deadLetters = deadLetters;
    this.health = health;
    this.clock = clock;
  }

  boolean isFull() {
    return viewers.get() >= MOST_VIEWERS;
  }

  int viewers() {
    return viewers.get();
  }

  /** Everything first, then what changes; never ends by itself. */
  Multi<PageEvent> watch() {
    return Multi.createFrom()
        .deferred(
            () -> {
              viewers.incrementAndGet();
              Viewer viewer = new Viewer();
              return Multi.createFrom()
                  .ticks()
                  .startingAfter(AT_ONCE)
                  .every(ModelBoard.INTERVAL)
                  .onOverflow()
                  .drop()
                  .onItem()
                  .transformToMultiAndConcatenate(tick -> viewer.news())
                  .onTermination()
                  .invoke(viewers::decrementAndGet);
            });
  }

  /** How far one viewer was told. Asked by one thread at a time. */
  private final class Viewer {

    private ModelBoard.Seen models = ModelBoard.Seen.NOTHING;
    private long refresh;
    private long letters = -1;
    private Optional<Subscription> subscription = Optional.empty();
    private Instant toldAt = Instant.MIN;

    Multi<PageEvent> news() {
      return Multi.createBy()
          .repeating()
          .supplier(this::next)
          .whilst(PageEvent::more)
          .filter(this::isToBeTold);
    }

    private PageEvent next() {
      ModelBoard.Changes changes = board.since(models, MODELS_AN_EVENT);
      boolean reset = changes.seen().generation() != models.generation();
      if (reset) {
        refresh = 0;
        letters = -1;
      }
      models = changes.seen();
      List<Refresh> ended = refreshes.after(refresh, REFRESHES_AN_EVENT);
      if (!ended.isEmpty()) {
        refresh = ended.get(ended.size() - 1).sequence();
      }
      DeadLetters dead = deadLetters.now();
      boolean moreDead = dead.total() != letters;
      letters = dead.total();
      return new PageEvent(
          clock.instant(),
          reset,
          changes.more() || ended.size() == REFRESHES_AN_EVENT,
          PageStream.this.subscription(),
          changes.models(),
          ended,
          moreDead ? Optional.of(dead) : Optional.empty());
    }

    private boolean isToBeTold(PageEvent event) {
      boolean due = !event.now().isBefore(toldAt.plus(HEARTBEAT));
      if (!due && !event.isNews() && subscription.equals(Optional.of(event.subscription()))) {
        return false;
      }
      subscription = Optional.of(event.subscription());
      toldAt = event.now();
      return true;
    }
  }

  private Subscription subscription() {
    return health.getReadiness().getChannels().stream()
        .filter(channel -> channel.getChannel().equals(FeatureUpdateConsumer.CHANNEL))
        .findAny()
        .map(
            channel ->
                new Subscription(
                    channel.isOk(), Optional.ofNullable(channel.getMessage()).orElse("")))
        .orElseGet(() -> new Subscription(false, "the subscription is not opened yet"));
  }
}
