package io.modelrefresh.page;

import io.modelrefresh.agent.ModelView;
import io.modelrefresh.agent.ModelsResource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Every model as it was last looked at, with the version at which it came to look so. Models are
 * looked at only while somebody asks, and at most once in {@link #INTERVAL} however many ask.
 * Thread-safe.
 */
@ApplicationScoped
class ModelBoard {

  static final Duration INTERVAL = Duration.ofMillis(500);

  /** A model that consumes every view owes one reason a view while its server is down. */
  private static final int MOST_REASONS = 10;

  private final Supplier<List<ModelView>> models;
  private final Clock clock;

  private final Map<String, Long> versions = new HashMap<>();
  private final NavigableMap<Long, ModelView> byVersion = new TreeMap<>();
  private long lastVersion;
  private long generation;
  private Instant lookedAt = Instant.MIN;

  @Inject
  ModelBoard(ModelsResource models, Clock clock) {
    this(models::models, clock);
  }

  ModelBoard(Supplier<List<ModelView>> models, Clock clock) {
    this.models = models;
    this.clock = clock;
  }

  /**
   * What somebody has seen of the board.
   *
   * @param generation of the board; another one, once a model has gone, has to be seen from start
   * @param version up to which it was seen
   */
  record Seen(long generation, long version) {

    static final Seen NOTHING = new Seen(-1, 0);
  }

  /**
   * What changed.
   *
   * @param models each as it is now, those first that changed first
   * @param more whether there is more to ask for at once
   */
  record Changes(Seen seen, List<ModelView> models, boolean more) {}

  /** What changed since, at most so many models. */
  synchronized Changes since(Seen seen, int most) {
    look();
    long from = seen.generation() == generation ? seen.version() : 0;
    NavigableMap<Long, ModelView> changed = byVersion.tailMap(from, false);
    List<Long> sent = changed.keySet().stream().limit(most).toList();
    long upTo = sent.isEmpty() ? from : sent.get(sent.size() - 1);
    return new Changes(
        new Seen(generation, upTo),
        sent.stream().map(changed::get).toList(),
        !byVersion.tailMap(upTo, false).isEmpty());
  }

  private void look() {
    Instant now = clock.instant();
    if (!now.isBefore(lookedAt) && now.isBefore(lookedAt.plus(INTERVAL))) {
      return;
    }
    lookedAt = now;
    List<ModelView> found = models.get();
    found.forEach(model -> put(model.withPendingUpTo(MOST_REASONS)));
    if (found.size() < versions.size()) {
      forgetAllBut(found.stream().map(ModelView::model).collect(Collectors.toSet()));
    }
  }

  private void put(ModelView model) {
    Long before = versions.get(model.model());
    if (before == null || !byVersion.get(before).equals(model)) {
      if (before != null) {
        byVersion.remove(before);
      }
      lastVersion++;
      versions.put(model.model(), lastVersion);
      byVersion.put(lastVersion, model);
    }
  }

  private void forgetAllBut(Set<String> names) {
    generation++;
    versions.keySet().retainAll(names);
    byVersion.values().removeIf(model -> !names.contains(model.model()));
  }
}
