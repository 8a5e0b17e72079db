package io.modelrefresh.serving;

import io.modelrefresh.request.BearerToken;
import java.util.Optional;

/**
 * What the requests for one model carry besides what its protocol says.
 *
 * @param authority {@code host} or {@code host:port} for the Host header and, the host alone, as
 *     TLS server name; when empty the replica's address
 * @param token sent with every request
 */
record ReplicaAccess(Optional<String> authority, Optional<BearerToken> token) {

  static final ReplicaAccess OPEN = new ReplicaAccess(Optional.empty(), Optional.empty());
}
