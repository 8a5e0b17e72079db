package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.serving.LoadOutcome.Confirmed;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The authority says whom a request is for, never where it goes. */
class ReplicaAuthorityTest {

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);

  /** The addresses that were dialled, by the server's own account, and the Host headers there. */
  private final Queue<String> received = new ConcurrentLinkedQueue<>();

  @AfterEach
  void close() {
    http.close();
    vertx.close();
  }

  private HttpServer listen(String address, int port) {
    return vertx
        .createHttpServer()
        .requestHandler(
            request -> {
              received.add(address + " for " + request.getHeader("Host"));
              request.response().end("{}");
            })
        .listen(port, address)
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  @Test
  void replicasOfOneAuthorityAreEachDialledByTheirOwnAddress() {
    int port = listen("127.0.0.1", 0).actualPort();
    listen("127.0.0.2", port);
    ReplicaLoader loader =
        new VerifiedLoader(
            http,
            new OpenInferenceServer("m"),
            new ReplicaAccess(Optional.of("fraud.ml.svc"), Optional.empty()),
            Duration.ofSeconds(20));

    for (String address : List.of("127.0.0.1", "127.0.0.2", "127.0.0.1")) {
      assertThat(
              loader
                  .load(
                      new Replica("http", address, port),
                      new LoadRequest("rollout-1", Optional.empty(), List.of(), true))
                  .await()
                  .indefinitely())
          .isEqualTo(new Confirmed());
    }

    assertThat(received)
        .containsExactly(
            "127.0.0.1 for fraud.ml.svc",
            "127.0.0.1 for fraud.ml.svc",
            "127.0.0.2 for fraud.ml.svc",
            "127.0.0.2 for fraud.ml.svc",
            "127.0.0.1 for fraud.ml.svc",
            "127.0.0.1 for fraud.ml.svc");
  }
}
