package io.modelrefresh.serving;

import io.modelrefresh.update.FeatureUpdate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a load is to cover.
 *
 * @param rolloutId names the rollout; distinct for every rollout of a model
 * @param watermark the refresh watermark (greatest publish time received) the load covers; empty
 *     when no update was received yet
 * @param updates the newest updates the load covers, oldest first; a hint for servers that reload
 *     only the entities named
 * @param complete whether {@code updates} holds every update the load covers, rather than the
 *     newest
 */
public record LoadRequest(
    String rolloutId, Optional<Instant> watermark, List<FeatureUpdate> updates, boolean complete) {

  public LoadRequest {
    updates = List.copyOf(updates);
  }
}
