package io.modelrefresh.serving;

import io.modelrefresh.request.UnusableFileException;
import io.smallrye.mutiny.Uni;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * One attempt's way to one replica: whatever is sent goes there and nowhere else. Remembers how far
 * the attempt came, so that one that takes too long can say where it stands.
 */
final class ReplicaClient {

  private static final Logger LOG = Logger.getLogger(ReplicaClient.class);

  private final ReplicaHttp http;
  private final ReplicaHttp.Way way;

  /** Read once an attempt: the next one has what it was changed to meanwhile. */
  private final Optional<Uni<String>> token;

  /** Written on the event loop of the answer, read by the timer of the attempt. */
  private volatile String progress = "no request was sent";

  ReplicaClient(ReplicaHttp http, Replica replica, ReplicaAccess access) {
    this.http = http;
    way = new ReplicaHttp.Way(replica, access.authority());
    token = access.token().map(read -> read.read().memoize().indefinitely());
  }

  /**
   * Sends the request upon subscription. Any status is an item; fails with {@link
   * UnreachableReplicaException} when there is none, and with {@link UnusableFileException} when
   * there is no token to send. Cancelling gives the request up and closes its connection.
   */
  Uni<ReplicaResponse> send(ReplicaRequest request) {
    return token
        .map(
            read ->
                read.chain(
                    secret ->
                        http.send(way, request.with("authorization", "Bearer " + secret))
                            .map(response -> response.without(secret))))
        .orElseGet(() -> http.send(way, request))
        .map(
            response -> request.confidential().isPresent() ? withheld(request, response) : response)
        .onSubscription()
        .invoke(
            () -> {
              // A readiness poll under way says less than the answer before it.
              if (!progress.startsWith(request + " ")) {
                progress = request + " got no answer";
              }
            })
        .onItem()
        .invoke(response -> progress = request + " last answered " + response.description());
  }

  private static ReplicaResponse withheld(ReplicaRequest request, ReplicaResponse response) {
    LOG.debugf("%s answered %s", request, response.description());
    return response.withheld();
  }

  /** The request sent last, and its answer, or that there was none. */
  String progress() {
    return progress;
  }
}
