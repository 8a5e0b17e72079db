package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A job this agent tried to enqueue, and what became of it.
 *
 * @param detail what the first update that led to it said
 * @param window the start of its window
 * @param featureViews those that led to it, each with {@code @} and its version if one is known
 * @param outcome {@code enqueued}, {@code duplicate} or {@code failed}
 * @param at when that was
 * @param attempts how often this agent tried
 * @param problem why it failed
 */
public record RecentJob(
    String job,
    String model,
    Kind reason,
    String detail,
    Instant window,
    List<String> featureViews,
    String queue,
    String outcome,
    Instant at,
    int attempts,
    Optional<String> problem) {}
