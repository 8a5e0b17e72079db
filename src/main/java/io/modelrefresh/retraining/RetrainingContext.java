package io.modelrefresh.retraining;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.Timer;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Function;

/**
 * What all models' retraining shares.
 *
 * @param models the catalog as it is now, asked each time
 * @param queues where a model's jobs go; only asked for models with a policy
 */
record RetrainingContext(
    Ledger ledger,
    Function<String, Optional<Model>> models,
    Function<Model, RetrainingQueue> queues,
    Clock clock,
    Timer timer,
    Backoff backoff,
    RetrainingListener listener) {}
