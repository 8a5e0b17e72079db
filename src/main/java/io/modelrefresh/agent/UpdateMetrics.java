package io.modelrefresh.agent;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.pubsub.PubSubIncomingMetadata;
import io.modelrefresh.refresh.Disposition;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts and times what becomes of feature updates. Thread-safe. */
@Singleton
class UpdateMetrics {

  /** The label of views that no model names: labels stay bounded whatever is published. */
  private static final String OTHER = "other";

  /** What became of an update. */
  enum Outcome {
    PLANNED,
    SUPERSEDED,
    IGNORED,
    DUPLICATE,
    POISON;

    /** An update planned for one model is planned, whatever it is for the others. */
    Outcome and(Disposition oneModel) {
      return switch (oneModel) {
        case PLANNED -> PLANNED;
        case SUPERSEDED -> this == PLANNED ? PLANNED : SUPERSEDED;
        case NO_SUCH_MODEL -> this;
      };
    }
  }

  /**
   * As long as two deliveries of a message that is held lie apart, and a scrape must see either.
   */
  private static final Duration ATTEMPTS_REMEMBERED = Duration.ofHours(2);

  private record Key(String featureView, Outcome outcome) {}

  private final MeterRegistry registry;
  private final LiveCatalog catalog;
  private final Clock clock;
  private final Map<Key, Counter> received = new ConcurrentHashMap<>();
  private final Timer deliveryLag;
  private final DistributionSummary attempts;
  private final Timer acked;
  private final Timer nacked;

  UpdateMetrics(MeterRegistry registry, LiveCatalog catalog, Clock clock) {
    this.registry = registry;
    this.catalog = catalog;
    this.clock = clock;
    this.deliveryLag =
        Histograms.lag("feature.update.delivery.lag", "From publish to receipt").register(registry);
    this.attempts =
        DistributionSummary.builder("feature.update.delivery.attempts")
            .description("Which delivery of its message each was; known with a dead-letter policy")
            .distributionStatisticExpiry(ATTEMPTS_REMEMBERED)
            .register(registry);
    this.acked = processingLag("acked");
    this.nacked = processingLag("nacked");
  }

  private Timer processingLag(String outcome) {
    return Histograms.lag("feature.update.processing.lag", "From publish to settlement")
        .tag("outcome", outcome)
        .register(registry);
  }

  /** A message came in. */
  void delivered(PubSubIncomingMetadata message) {
    deliveryLag.record(since(message.publishTime()));
    message.deliveryAttempt().ifPresent(attempts::record);
  }

  /** It turned out to be about this view, and this became of it. */
  void received(String featureView, Outcome outcome) {
    String label = catalog.current().names(featureView) ? featureView : OTHER;
    received.computeIfAbsent(new Key(label, outcome), this::counter).increment();
  }

  /** It was no update of any view we could name. */
  void received(Outcome outcome) {
    received(OTHER, outcome);
  }

  void acked(Instant publishTime) {
    acked.record(since(publishTime));
  }

  void nacked(Instant publishTime) {
    nacked.record(since(publishTime));
  }

  /** A feature view that models consume was deleted. */
  void featureViewDeleted(String featureView) {
    Counter.builder("feature.views.deleted")
        .description("Deletions of feature views that models consume: they predict without it")
        .tag("feature_view", catalog.current().names(featureView) ? featureView : OTHER)
        .register(registry)
        .increment();
  }

  private Counter counter(Key key) {
    return Counter.builder("feature.updates.received")
        .description("Feature updates received, by what became of them")
        .tag("feature_view", key.featureView())
        .tag("outcome", key.outcome().name().toLowerCase(Locale.ROOT))
        .register(registry);
  }

  private Duration since(Instant publishTime) {
    Duration lag = Duration.between(publishTime, clock.instant());
    return lag.isNegative() ? Duration.ZERO : lag; // The publisher's clock may be ahead of ours.
  }
}
