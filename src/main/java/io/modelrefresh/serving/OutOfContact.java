package io.modelrefresh.serving;

import java.time.Instant;

/**
 * A Kubernetes service whose replicas cannot be followed at present.
 *
 * @param service {@code namespace/service}
 * @param since when this was noticed
 * @param reason what the API server answered, or that it did not, and the remedy where there is one
 * @param replicasKnown whether the replicas found last are still used; if not, they are unknown
 */
public record OutOfContact(String service, Instant since, String reason, boolean replicasKnown) {}
