package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import java.util.List;

/**
 * A model of the catalog, what finds its replicas and what loads them.
 *
 * @param discovery closed by the lane that has it, once it has another
 */
record Served(Model model, ReplicaDiscovery discovery, ReplicaLoader loader) {

  /** Whether the other's replicas are these. */
  boolean isAt(Served other) {
    return discovery == other.discovery;
  }

  /** Whether what the other has loaded is what this would load. */
  boolean loads(Served other) {
    return model.server().equals(other.model.server())
        && model.featureViews().equals(other.model.featureViews());
  }

  /** Ends the discovery, unless the other goes on with it. */
  void closeUnless(Served other, List<Runnable> effects) {
    if (!isAt(other)) {
      effects.add(discovery::close);
    }
  }
}
