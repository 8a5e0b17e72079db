package io.modelrefresh.update;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One event: a feature view changed.
 *
 * @param project the feature store project the view belongs to, when the event names one
 * @param featureView the feature view's name, never blank
 * @param featureViewVersion the version of the view's definition; for display and retraining, never
 *     for ordering
 * @param features the features that changed; empty means all of them
 * @param entityKeys the rows that changed, each a map of join key to value; a hint for servers that
 *     can use it, empty means unknown
 * @param eventTimestamp when the change happened in the feature store
 * @param change what kind of change it was
 * @param rowCount how many rows changed
 * @param drift how far the values moved, when the publisher measured it
 */
public record FeatureUpdate(
    Optional<String> project,
    String featureView,
    OptionalLong featureViewVersion,
    Set<String> features,
    List<Map<String, JsonNode>> entityKeys,
    Instant eventTimestamp,
    Change change,
    OptionalLong rowCount,
    Optional<Drift> drift) {

  public FeatureUpdate {
    features = Set.copyOf(features);
    entityKeys = List.copyOf(entityKeys);
  }
}
