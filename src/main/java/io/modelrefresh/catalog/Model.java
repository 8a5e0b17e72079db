package io.modelrefresh.catalog;

import java.util.List;

/**
 * A served model: the feature views it consumes, where it is served, and how it is refreshed.
 *
 * @param name its key in the catalog
 * @param featureViews what it consumes, at least one
 * @param paused whether its replicas are left as they are, and what arrives is owed meanwhile
 */
public record Model(
    String name,
    List<FeatureViewSelector> featureViews,
    boolean paused,
    ServerSettings server,
    RefreshPolicy refresh) {

  public Model {
    featureViews = List.copyOf(featureViews);
  }
}
