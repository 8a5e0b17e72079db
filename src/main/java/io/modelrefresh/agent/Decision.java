package io.modelrefresh.agent;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingReason;

/**
 * What a feature update means for one model that consumes its feature view. A refresh and a
 * retraining can both follow from one update.
 */
sealed interface Decision {

  Model model();

  /** Every replica of the model is to load the features as they are now. */
  record Refresh(Model model) implements Decision {}

  /** The model is to be retrained, for this reason. */
  record Retrain(Model model, RetrainingReason reason) implements Decision {}

  /** Nothing is done for the model, for this reason. */
  record Ignore(Model model, Reason reason) implements Decision {}

  /** Why an update does nothing for a model that consumes its feature view. */
  enum Reason {
    /** The feature view was deleted: a load would fail or find nothing. An alert metric tells. */
    FEATURE_VIEW_DELETED
  }
}
