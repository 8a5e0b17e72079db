package io.modelrefresh.serving;

import io.modelrefresh.request.RequestPath;
import io.modelrefresh.request.UnusableFileException;
import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.modelrefresh.serving.ServerAnswer.Declined;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Optional;

/**
 * Loads by one protocol, then asks until the model is ready, all within the model's timeout. The
 * outcome may arrive on any thread.
 */
final class VerifiedLoader implements ReplicaLoader {

  private static final ReplicaRequest ANY_PAGE = ReplicaRequest.get(new RequestPath("/"));
  private static final Duration ANSWER = Duration.ofSeconds(2);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

  private final ReplicaHttp http;
  private final ModelServer server;
  private final ReplicaAccess access;
  private final Duration timeout;

  VerifiedLoader(ReplicaHttp http, ModelServer server, ReplicaAccess access, Duration timeout) {
    this.http = http;
    this.server = server;
    this.access = access;
    this.timeout = timeout;
  }

  @Override
  public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
    return Uni.createFrom().deferred(() -> new Attempt(replica, request).outcome());
  }

  @Override
  public Uni<ObservedWatermark> observed(Replica replica) {
    return Uni.createFrom()
        .deferred(() -> server.observed(new ReplicaClient(http, replica, access)))
        .ifNoItem()
        .after(timeout)
        .recoverWithItem(
            () -> new ObservedWatermark.Unknown("no answer within " + timeout.toMillis() + " ms"))
        .onFailure()
        .recoverWithItem(failure -> new ObservedWatermark.Unknown(reason(failure)));
  }

  /** Any path will do: a server that has no such page says so, and that is an answer. */
  @Override
  public Uni<Boolean> answers(Replica replica) {
    return Uni.createFrom()
        .deferred(() -> new ReplicaClient(http, replica, access).send(ANY_PAGE))
        .replaceWith(true)
        .ifNoItem()
        .after(ANSWER)
        .recoverWithItem(false)
        .onFailure()
        .recoverWithItem(false);
  }

  private static String reason(Throwable cause) {
    return cause instanceof UnreachableReplicaException || cause instanceof UnusableFileException
        ? cause.getMessage()
        : "could not ask: " + cause;
  }

  private final class Attempt {

    private final ReplicaClient client;
    private final LoadRequest request;

    /** Written when the load is answered, read when the time is over. */
    private volatile boolean loaded;

    /** Why the model did not count as ready when last asked. As above. */
    private volatile Optional<String> unready = Optional.empty();

    Attempt(Replica replica, LoadRequest request) {
      this.client = new ReplicaClient(http, replica, access);
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
                if (answer instanceof Declined declined) {
                  unready = Optional.of(declined.reason());
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
        return new Failed(
            Kind.TIMED_OUT,
            late + timeout.toMillis() + " ms: " + unready.orElseGet(client::progress));
      }
      // No word from the replica's side: whatever it is, it would be the same on every replica.
      boolean unreachable = cause instanceof UnreachableReplicaException;
      return new Failed(unreachable ? Kind.UNREACHABLE : Kind.REFUSED, reason(cause));
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
