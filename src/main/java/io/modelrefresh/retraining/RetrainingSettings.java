package io.modelrefresh.retraining;

import java.time.Duration;
import java.util.Optional;

/**
 * What retraining needs besides each model's policy.
 *
 * @param ledger {@code kubernetes}, {@code memory}, or {@code auto}
 * @param ledgerNamespace of the ledger's ConfigMaps; by default the client's own
 * @param scanInterval how often what other agents left owed is looked for; also the longest time
 *     between two attempts
 */
public record RetrainingSettings(
    String ledger, Optional<String> ledgerNamespace, Duration scanInterval) {}
