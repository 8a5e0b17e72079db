package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.modelrefresh.serving.LoadOutcome.Failed;
import io.modelrefresh.serving.LoadOutcome.Kind;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A kept connection that the server gave up is the network's doing, not the replica's failure. */
class StaleConnectionTest {

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger requests = new AtomicInteger();

  @AfterEach
  void close() {
    http.close();
    vertx.close();
  }

  /** A server by hand: the socket and the number of the request on its connection, from 1. */
  private LoadOutcome loadTwice(BiConsumer<NetSocket, Integer> answer) {
    NetServer server =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  connections.incrementAndGet();
                  AtomicInteger onThisConnection = new AtomicInteger();
                  socket.handler(
                      (Buffer request) -> {
                        requests.incrementAndGet();
                        answer.accept(socket, onThisConnection.incrementAndGet());
                      });
                })
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    Replica replica = new Replica("http", "127.0.0.1", server.actualPort());
    ReplicaLoader loader =
        new VerifiedLoader(
            http, new OpenInferenceServer("m"), ReplicaAccess.OPEN, Duration.ofSeconds(20));
    LoadRequest request = new LoadRequest("r", Optional.empty(), List.of(), true);

    assertThat(loader.load(replica, request).await().indefinitely()).isEqualTo(new Confirmed());
    return loader.load(replica, request).await().indefinitely();
  }

  @Test
  void aLoadOnAConnectionTheServerGaveUpIsSentAgainOnAnother() {
    // Load and readiness are answered; what comes next on the same connection finds it closed.
    LoadOutcome second =
        loadTwice(
            (socket, nth) -> {
              if (nth <= 2) {
                socket.write(OK);
              } else {
                socket.close();
              }
            });

    assertThat(second).isEqualTo(new Confirmed());
    assertThat(connections).hasValue(2);
    assertThat(requests).hasValue(5);
  }

  @Test
  void aLoadIsNotRepeatedOnceAnAnswerHasBegun() {
    LoadOutcome second =
        loadTwice(
            (socket, nth) -> {
              if (nth <= 2) {
                socket.write(OK);
              } else {
                socket
                    .write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
                    .onComplete(w -> socket.close());
              }
            });

    assertThat(second).isInstanceOf(Failed.class);
    assertThat(requests).hasValue(3);
  }

  @Test
  void aLoadCutOffByTheEndOfTheClientIsNotSentAgainAndEndsAtOnce() {
    LoadOutcome second =
        loadTwice(
            (socket, nth) -> {
              if (nth <= 2) {
                socket.write(OK);
              } else {
                http.close();
              }
            });

    assertThat(second)
        .isInstanceOfSatisfying(
            Failed.class, failed -> assertThat(failed.kind()).isEqualTo(Kind.UNREACHABLE));
    assertThat(requests).hasValue(3);
  }

  @Test
  void aReplicaThatClosesEveryConnectionIsUnreachable() {
    LoadOutcome second =
        loadTwice(
            (socket, nth) -> {
              if (nth <= 2 && connections.get() == 1) {
                socket.write(OK);
              } else {
                socket.close();
              }
            });

    assertThat(second)
        .isInstanceOfSatisfying(
            Failed.class, failed -> assertThat(failed.kind()).isEqualTo(Kind.UNREACHABLE));
    assertThat(requests).hasValue(4);
  }
}
