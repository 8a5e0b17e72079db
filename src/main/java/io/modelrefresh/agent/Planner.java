package io.modelrefresh.agent;

import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/**
 * Decides what an update means, and does nothing about it.
 *
 * <table>
 *   <caption>One row a kind of change</caption>
 *   <tr><th>change</th><th>decision for each model that consumes the view</th></tr>
 *   <tr><td>values</td><td>refresh</td></tr>
 *   <tr><td>schema</td><td>refresh</td></tr>
 *   <tr><td>delete</td><td>ignore: feature view deleted</td></tr>
 * </table>
 */
@ApplicationScoped
class Planner {

  private final LiveCatalog catalog;

  Planner(LiveCatalog catalog) {
    this.catalog = catalog;
  }

  /** One decision for each affected model; empty when no model consumes what changed. */
  List<Decision> plan(FeatureUpdate update) {
    return catalog.current().affectedBy(update).stream()
        .<Decision>map(
            model ->
                update.change() == Change.DELETE
                    ? new Decision.Ignore(model, Decision.Reason.FEATURE_VIEW_DELETED)
                    : new Decision.Refresh(model))
        .toList();
  }
}
