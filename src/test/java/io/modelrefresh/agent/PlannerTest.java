package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.CatalogConfigs;
import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.Drift;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {

  /** One row each: the model's policy, the update's change and drift, and the decisions. */
  @ParameterizedTest(name = "{0}: {1} with drift {2} -> {3}")
  @CsvSource({
    "'',               values, 0,   Refresh",
    "'',               schema, 0,   Refresh",
    "'',               schema, 0.9, Refresh",
    "'',               delete, 0,   Ignore",
    "'schema',         values, 0,   Refresh",
    "'schema',         values, 0.1, Refresh",
    "'schema',         values, 0.2, Refresh Retrain",
    "'schema',         schema, 0,   Refresh Retrain",
    "'schema',         delete, 0.9, Ignore",
    "'schema,delete',  delete, 0,   Retrain",
    "'values',         values, 0,   Refresh Retrain",
  })
  void everyRow(String changes, String change, double drift, String decisions) {
    Catalog catalog =
        CatalogConfigs.catalog(
            changes.isEmpty()
                ? CatalogConfigs.model("fraud")
                : CatalogConfigs.model(
                    "fraud",
                    "retraining.changes",
                    changes,
                    "retraining.drift-at-least",
                    "0.2",
                    "retraining.queue",
                    "pubsub"));

    List<Decision> plan = new Planner(new LiveCatalog(catalog)).plan(update(change, drift));

    assertThat(plan)
        .extracting(decision -> decision.getClass().getSimpleName())
        .containsExactly(decisions.split(" "));
  }

  private static FeatureUpdate update(String change, double drift) {
    return new FeatureUpdate(
        Optional.empty(),
        "driver_hourly_stats",
        OptionalLong.empty(),
        Set.of(),
        List.of(),
        Instant.EPOCH,
        Change.valueOf(change.toUpperCase(Locale.ROOT)),
        OptionalLong.empty(),
        drift > 0 ? Optional.of(new Drift("psi", drift)) : Optional.empty());
  }
}
