package io.modelrefresh.retraining;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** An HTTP server on loopback that takes each job once, by an id in the request. */
public final class ScriptedServer implements AutoCloseable {

  /** What it was sent. */
  public record Request(String method, String uri, Map<String, String> headers, String body) {}

  private final Vertx vertx;
  private final HttpServerOptions options;
  private final Function<Request, String> id;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<String> jobs = new CopyOnWriteArrayList<>();
  private final Map<String, Boolean> taken = new ConcurrentHashMap<>();
  private volatile int status;
  private volatile String location = "";
  private volatile boolean stalled;
  private volatile boolean alike;
  private HttpServer server;
  private int port;

  /**
   * @param id tells one job from another
   */
  public ScriptedServer(Vertx vertx, Function<Request, String> id) {
    this(vertx, new HttpServerOptions(), id);
  }

  ScriptedServer(Vertx vertx, HttpServerOptions options, Function<Request, String> id) {
    this.vertx = vertx;
    this.options = options;
    this.id = id;
    up();
  }

  public void up() {
    server =
        vertx
            .createHttpServer(options)
            .requestHandler(this::take)
            .listen(port, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    port = server.actualPort();
  }

  public void down() {
    server.close().toCompletionStage().toCompletableFuture().join();
  }

  public int port() {
    return port;
  }

  /** Answers this to everything and does nothing; 0 for what is usual. */
  public void answer(int always) {
    status = always;
  }

  public void redirectTo(String target) {
    location = target;
    status = 307;
  }

  /** Answers for a job it has as for a new one. */
  void answersAlike(boolean isAlike) {
    alike = isAlike;
  }

  /** Does what it is asked, and never answers. */
  public void stall(boolean isStalled) {
    stalled = isStalled;
  }

  public List<Request> requests() {
    return requests;
  }

  public List<String> jobs() {
    return jobs;
  }

  private void take(HttpServerRequest received) {
    received
        .body()
        .onSuccess(
            body -> {
              Map<String, String> headers = new ConcurrentHashMap<>();
              received
                  .headers()
                  .forEach(header -> headers.put(header.getKey().toLowerCase(), header.getValue()));
              Request request =
                  new Request(received.method().name(), received.uri(), headers, body.toString());
              requests.add(request);
              answer(received, request);
            });
  }

  private void answer(HttpServerRequest received, Request request) {
    int answer = status;
    if (answer == 0) {
      String name = id.apply(request);
      boolean first = taken.putIfAbsent(name, true) == null;
      if (first) {
        jobs.add(name);
      }
      answer = first || alike ? 200 : 409;
    }
    if (!stalled) {
      received
          .response()
          .putHeader("Location", location)
          .setStatusCode(answer)
          .end(
              "{\"said\": \"" + request.headers().getOrDefault("authorization", "nothing") + "\"}");
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
