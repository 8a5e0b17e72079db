package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A replica known by its IPv6 address is dialled, and named in the Host header, by that. */
class Ipv6ReplicaTest {

  private final Vertx vertx = Vertx.vertx();
  private final ReplicaHttp http = new ReplicaHttp(vertx);
  private final List<String> hosts = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    http.close();
    vertx.close();
  }

  @Test
  void anIpv6ReplicaIsLoadedAndNamedInBrackets() {
    int port = serveOnIpv6Loopback();
    Replica replica = new Replica("http", "::1", port);
    ReplicaLoader loader =
        new VerifiedLoader(
            http, new OpenInferenceServer("m"), ReplicaAccess.OPEN, Duration.ofSeconds(20));

    LoadOutcome outcome =
        loader
            .load(replica, new LoadRequest("r", Optional.empty(), List.of(), true))
            .await()
            .indefinitely();

    assertThat(outcome).isEqualTo(new LoadOutcome.Confirmed());
    assertThat(hosts).isNotEmpty().allMatch(("[::1]:" + port)::equals);
    assertThat(replica).hasToString("http://[::1]:" + port);
  }

  private int serveOnIpv6Loopback() {
    try {
      HttpServer server =
          vertx
              .createHttpServer()
              .requestHandler(
                  request -> {
                    hosts.add(request.getHeader("Host"));
                    request.response().end("{}");
                  })
              .listen(0, "::1")
              .toCompletionStage()
              .toCompletableFuture()
              .join();
      return server.actualPort();
    } catch (CompletionException e) {
      assumeTrue(false, "this machine has no IPv6 loopback: " + e.getCause());
      throw e;
    }
  }
}
