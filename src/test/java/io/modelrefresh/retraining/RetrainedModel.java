package io.modelrefresh.retraining;

import io.modelrefresh.catalog.DriftThresholds;
import io.modelrefresh.catalog.Endpoint;
import io.modelrefresh.catalog.FeatureViewSelector;
import io.modelrefresh.catalog.MaxUnavailable;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ReplicaAddress;
import io.modelrefresh.catalog.RetrainingPolicy;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget;
import io.modelrefresh.catalog.ServerSettings;
import io.modelrefresh.update.Change;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Models that are retrained, and what calls for it. */
final class RetrainedModel {

  static final Duration COOLDOWN = Duration.ofHours(6);

  private RetrainedModel() {}

  static Model named(String name) {
    return named(name, new RetrainingTarget.PubSub("retraining-jobs"));
  }

  static Model named(String name, RetrainingTarget target) {
    return new Model(
        name,
        List.of(FeatureViewSelector.parse("*")),
        false,
        new ServerSettings(
            ServerSettings.Protocol.OPEN_INFERENCE,
            new ReplicaAddress.Static(List.of(new Endpoint("http", "10.0.0.1", 8000))),
            name,
            Duration.ofSeconds(30),
            Optional.empty()),
        new RefreshPolicy(
            Duration.ZERO,
            Duration.ZERO,
            new MaxUnavailable(1, false),
            5,
            OnStart.NEVER,
            Optional.empty()),
        Optional.of(
            new RetrainingPolicy(Set.of(Change.SCHEMA), DriftThresholds.NONE, COOLDOWN, target)));
  }

  static Trigger trigger(Kind kind, Instant publishTime) {
    return trigger(kind, publishTime, "driver_hourly_stats", "7");
  }

  static Trigger trigger(Kind kind, Instant publishTime, String view, String version) {
    return new Trigger(
        kind,
        publishTime,
        new Cause(
            kind.text() + " of " + view,
            "message-1",
            Optional.of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Map.of(view, version)));
  }

  /** The job of the window that begins at that time. */
  static RetrainingJob job(String model, Kind kind, Instant window) {
    return RetrainingJob.of(
        model, kind, new Owed(window, window, window, trigger(kind, window).cause()));
  }
}
