package io.modelrefresh.agent;

import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingPolicy;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Decides what an update means, and does nothing about it.
 *
 * <table>
 *   <caption>One row a kind of change</caption>
 *   <tr><th>change</th><th>decisions for each model that consumes the view</th></tr>
 *   <tr><td>values</td><td>refresh, and retrain if its policy has a reason</td></tr>
 *   <tr><td>schema</td><td>refresh, and retrain if its policy has a reason</td></tr>
 *   <tr><td>delete</td><td>retrain if its policy lists it, else ignore: feature view deleted</td></tr>
 * </table>
 *
 * <p>Whether a policy has a reason is {@link RetrainingPolicy}'s own table.
 */
@Singleton
class Planner {

  private final LiveCatalog catalog;

  Planner(LiveCatalog catalog) {
    this.catalog = catalog;
  }

  /** One or two decisions for each affected model; empty when no model consumes what changed. */
  List<Decision> plan(FeatureUpdate update) {
    return catalog.current().affectedBy(update).stream()
        .flatMap(model -> decisions(model, update))
        .toList();
  }

  private static Stream<Decision> decisions(Model model, FeatureUpdate update) {
    Optional<Decision> retrain =
        model
            .retraining()
            .flatMap(policy -> policy.reasonFor(update))
            .map(reason -> new Decision.Retrain(model, reason));
    if (update.change() == Change.DELETE) {
      return Stream.of(
          retrain.orElseGet(
              () -> new Decision.Ignore(model, Decision.Reason.FEATURE_VIEW_DELETED)));
    }
    return Stream.concat(Stream.of(new Decision.Refresh(model)), retrain.stream());
  }
}
