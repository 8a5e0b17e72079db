package io.modelrefresh.serving;

import com.google.common.base.Throwables;
import io.modelrefresh.request.Excerpt;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.runtime.config.TlsConfigUtils;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import javax.net.ssl.SSLException;

/**
 * The HTTP/1.1 client of all replicas that are trusted alike. Connections are kept and used again;
 * one the server closed meanwhile is not the replica's failure: the request is sent once more on
 * another, which is safe because every request here may be repeated. A connection is given that
 * benefit only when it answered in an earlier attempt, so a server that crashes while loading is
 * found out.
 */
final class ReplicaHttp {

  /** What is read of an answer at most, ample for a model's configuration; then it is closed. */
  static final int MAX_BODY_BYTES = 1024 * 1024;

  /** Found out well before a usual model timeout, so that an absent replica is named as such. */
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  /** Below the 5 s of uvicorn, which MLServer and KServe run on, so that we close first. */
  private static final int KEEP_ALIVE_SECONDS = 4;

  /** Per replica: servers of many models load them side by side, each within its own timeout. */
  private static final int CONNECTIONS_PER_REPLICA = 64;

  /**
   * One attempt's way to one replica.
   *
   * @param authority see {@link ReplicaAccess}
   * @param answered the connections that have answered in this attempt, which so are not stale
   */
  record Way(Replica replica, Optional<String> authority, Set<HttpConnection> answered) {
    Way(Replica replica, Optional<String> authority) {
      this(replica, authority, weakSet());
    }
  }

  private final Vertx vertx;
  private final HttpClient client;

  /** Connections that have answered a request. Touched by any event loop. */
  private final Set<HttpConnection> proven = weakSet();

  /** Trusts as the JVM does. */
  ReplicaHttp(Vertx vertx) {
    this(vertx, false, Optional.empty());
  }

  /**
   * @param forceSni whether the server is told also a name without a dot, which Vert.x otherwise
   *     takes for none; only right where there is an authority, since an address is no such name
   */
  ReplicaHttp(Vertx vertx, boolean forceSni, Optional<TlsConfiguration> tls) {
    this.vertx = vertx;
    HttpClientOptions options =
        new HttpClientOptions()
            .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
            .setKeepAlive(true)
            .setKeepAliveTimeout(KEEP_ALIVE_SECONDS)
            .setForceSni(forceSni);
    tls.ifPresent(configuration -> TlsConfigUtils.configure(options, configuration));
    client =
        vertx
            .httpClientBuilder()
            .with(options)
            .with(new PoolOptions().setHttp1MaxSize(CONNECTIONS_PER_REPLICA))
            // The request on it reports the failure; Vert.x would log it besides, and not say
            // whose.
            .withConnectHandler(connection -> connection.exceptionHandler(reported -> {}))
            .build();
  }

  /** See {@link ReplicaClient#send}. */
  Uni<ReplicaResponse> send(Way way, ReplicaRequest request) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              Exchange exchange = new Exchange(way, request, emitter);
              emitter.onTermination(exchange::abandon);
              exchange.send();
            });
  }

  private static Set<HttpConnection> weakSet() {
    return Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
  }

  /** Connections opened from now on use the certificates as they are now. */
  void reloaded(TlsConfiguration tls) {
    client.updateSSLOptions(tls.getSSLOptions());
  }

  Future<Void> close() {
    return client.close();
  }

  /** One request, sent again for every stale connection it is given; ends with the emitter. */
  private final class Exchange {

    private final Way way;
    private final ReplicaRequest request;
    private final UniEmitter<? super ReplicaResponse> emitter;

    /** What is under way. Set before {@link #ended} is read; {@link #abandon} does the reverse. */
    private volatile Optional<HttpClientRequest> current = Optional.empty();

    /** The emitter has its result, or nobody waits for it any more. */
    private volatile boolean ended;

    Exchange(Way way, ReplicaRequest request, UniEmitter<? super ReplicaResponse> emitter) {
      this.way = way;
      this.request = request;
      this.emitter = emitter;
    }

    void send() {
      Replica replica = way.replica();
      RequestOptions options =
          new RequestOptions()
              .setMethod(HttpMethod.valueOf(request.method()))
              .setSsl(replica.scheme().equals("https"))
              .setServer(SocketAddress.inetSocketAddress(replica.port(), replica.host()))
              .setHost(replica.hostInUri())
              .setPort(replica.port())
              .setURI(request.path().value())
              .setFollowRedirects(false);
      request.headers().forEach(options::putHeader);
      way.authority()
          .ifPresent(name -> options.setHost(name.split(":", 2)[0]).putHeader("Host", name));
      requested(options).onFailure(this::unreachable).onSuccess(this::send);
    }

    /** A client that is closed throws, and nobody would hear of it where this is sent again. */
    private Future<HttpClientRequest> requested(RequestOptions options) {
      try {
        return client.request(options);
      } catch (IllegalStateException e) {
        return Future.failedFuture(e);
      }
    }

    private void send(HttpClientRequest sent) {
      current = Optional.of(sent);
      if (ended) {
        sent.reset();
        return;
      }
      boolean maybeStale =
          proven.contains(sent.connection()) && !way.answered().contains(sent.connection());
      sent.send(request.body().map(Buffer::buffer).orElseGet(Buffer::buffer))
          .onSuccess(this::receive)
          .onFailure(
              cause -> {
                if (maybeStale && !ended) {
                  send();
                } else {
                  unreachable(cause);
                }
              });
    }

    private void receive(HttpClientResponse response) {
      proven.add(response.request().connection());
      way.answered().add(response.request().connection());
      Buffer body = Buffer.buffer();
      response.exceptionHandler(this::unreachable);
      // A moment later the connection is back in the pool, and the next request takes it.
      response.endHandler(
          end -> vertx.getOrCreateContext().runOnContext(later -> answered(response, body)));
      response.handler(
          part -> {
            int room = MAX_BODY_BYTES - body.length();
            body.appendBuffer(part, 0, Math.min(room, part.length()));
            if (part.length() > room) {
              answered(response, body);
              response.request().reset();
            }
          });
    }

    private void answered(HttpClientResponse response, Buffer body) {
      ended = true;
      emitter.complete(
          new ReplicaResponse(
              response.statusCode(),
              Optional.ofNullable(response.getHeader("Location")),
              body.toString()));
    }

    private void unreachable(Throwable cause) {
      ended = true;
      String said = said(cause);
      if (cause instanceof SSLException) {
        // Vert.x says only that it failed; which certificate or name is wrong is in the last cause.
        said += ": " + said(Throwables.getRootCause(cause));
      }
      emitter.fail(new UnreachableReplicaException(request + ": " + Excerpt.of(said), cause));
    }

    private String said(Throwable cause) {
      return cause.getMessage() == null ? cause.getClass().getName() : cause.getMessage();
    }

    /** Cancelled, or over: closes the connection of a request that has no full answer yet. */
    private void abandon() {
      if (!ended) {
        ended = true;
        current.ifPresent(HttpClientRequest::reset);
      }
    }
  }
}
