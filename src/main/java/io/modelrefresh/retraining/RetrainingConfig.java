package io.modelrefresh.retraining;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/** What retraining needs besides each model's policy. */
public interface RetrainingConfig {

  /**
   * Where it is kept what was enqueued and what is owed: {@code kubernetes}, {@code memory}, or
   * {@code auto}, which is kubernetes in a cluster and with any queue kubernetes.
   */
  @WithDefault("auto")
  String ledger();

  /** The namespace of the ledger's ConfigMaps; by default the agent's own. */
  Optional<String> ledgerNamespace();

  /**
   * How often what other agents left owed is looked for; also the longest time between attempts.
   */
  @WithDefault("1m")
  Duration scanInterval();
}
