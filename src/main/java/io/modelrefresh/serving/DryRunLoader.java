package io.modelrefresh.serving;

import io.smallrye.mutiny.Uni;
import org.jboss.logging.Logger;

/** Says what it would load, and touches no server. */
public record DryRunLoader(String model) implements ReplicaLoader {

  private static final Logger LOG = Logger.getLogger(DryRunLoader.class);

  @Override
  public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
    return Uni.createFrom()
        .item(
            () -> {
              LOG.infof(
                  "Dry run: would load model %s on %s, covering %s",
                  model,
                  replica,
                  request.watermark().map(w -> "updates published up to " + w).orElse("no update"));
              return new LoadOutcome.Confirmed();
            });
  }
}
