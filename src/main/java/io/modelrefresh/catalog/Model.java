package io.modelrefresh.catalog;

import java.util.List;
import java.util.Optional;

/**
 * A served model: the feature views it consumes, where it is served, and how it is refreshed and
 * retrained.
 *
 * @param name its key in the catalog
 * @param featureViews what it consumes, at least one
 * @param paused whether its replicas are left as they are, and what arrives is owed meanwhile
 * @param retraining when it is retrained; empty for never
 */
public record Model(
    String name,
    List<FeatureViewSelector> featureViews,
    boolean paused,
    ServerSettings server,
    RefreshPolicy refresh,
    Optional<RetrainingPolicy> retraining) {

  public Model {
    featureViews = List.copyOf(featureViews);
  }

  /** A model that is never retrained. */
  public Model(
      String name,
      List<FeatureViewSelector> featureViews,
      boolean paused,
      ServerSettings server,
      RefreshPolicy refresh) {
    this(name, featureViews, paused, server, refresh, Optional.empty());
  }
}
