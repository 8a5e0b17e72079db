package io.modelrefresh.serving;

import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.modelrefresh.serving.ServerAnswer.Declined;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import java.time.Duration;

/**
 * Loads by one protocol, then asks until the model is ready, all within the model's timeout. The
 * outcome may arrive on any thread.
 */
final class VerifiedLoader implements ReplicaLoader {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

  private final ReplicaHttp http;
  private final ModelServer server;
  private final Duration timeout;

  VerifiedLoader(ReplicaHttp http, ModelServer server, Duration timeout) {
    this.http = http;
    this.server = server;
    this.timeout = timeout;
  }

  @Override
  public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
    return Uni.createFrom().deferred(() -> new Attempt(replica, request).outcome());
  }

  private final class Attempt {

    private final ReplicaClient client;
    private final LoadRequest request;

    /** Written when the load is answered, read when the time is over. */
    private volatile boolean loaded;

    Attempt(Replica replica, LoadRequest request) {
      this.client = new ReplicaClient(http, replica);
      this.request = request;
    }

    Uni<LoadOutcome> outcome() {
      return Uni.createFrom()
          .deferred(() -> server.load(client, request))
          .chain(
              answer -> {
                if (answer instanceof Declined declined) {
                  return Uni.createFrom().item(new Failed(Kind.REFUSED, declined.reason()));
                }
                loaded = true;
                return untilReady();
              })
          .ifNoItem()
          .after(timeout)
          .fail()
          .onFailure()
          .recoverWithItem(this::failed);
    }

    private Uni<LoadOutcome> untilReady() {
      return Uni.createFrom()
          .deferred(() -> server.ready(client, request))
          .invoke(
              answer -> {
                if (answer instanceof Declined) {
                  throw new NotReadyYet();
                }
              })
          .onFailure(NotReadyYet.class)
          .retry()
          .withBackOff(FIRST_PAUSE, LONGEST_PAUSE)
          .indefinitely()
          .replaceWith(new Confirmed());
    }

    private LoadOutcome failed(Throwable cause) {
      if (cause instanceof TimeoutException) {
        String late = loaded ? "loaded, but not ready within " : "the load was not done within ";
        return new Failed(Kind.TIMED_OUT, late + timeout.toMillis() + " ms: " + client.progress());
      }
      if (cause instanceof UnreachableReplicaException) {
        return new Failed(Kind.UNREACHABLE, cause.getMessage());
      }
      // No word from the replica's side: whatever it is, it would be the same on every replica.
      return new Failed(Kind.REFUSED, "could not ask: " + cause);
    }
  }

  /** Drives the retry; carries nothing, and is thrown for every poll. */
  private static final class NotReadyYet extends RuntimeException {

    private static final long serialVersionUID = 1L;

    NotReadyYet() {
      super("not ready yet", null, false, false);
    }
  }
}
