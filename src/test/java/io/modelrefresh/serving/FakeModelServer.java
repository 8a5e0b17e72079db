package io.modelrefresh.serving;

import io.netty.channel.ChannelOption;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * A model server on 127.0.0.1 that speaks the repository and inference API of the Open Inference
 * Protocol, records every load, and fails as told. Starts ready and without faults:
 *
 * <pre>{@code
 * FakeModelServer replica = FakeModelServer.start().model("fraud");
 * replica.failNext(3, 503);
 * ...
 * assertThat(replica.loads("fraud")).hasSize(4);
 * }</pre>
 *
 * <p>Every method may be called from any thread at any time. One lock guards all state; it is held
 * for moments only, so one server answers many thousand loads a second.
 */
public class FakeModelServer implements AutoCloseable {

  /** A load request as it came in, whatever became of it. */
  public record Load(String model, Instant startedAt, String uri, String body) {}

  /** A load that no fault befell, and when it was done. */
  public record DoneLoad(Instant startedAt, Instant doneAt) {}

  /** Any request as it came in. Header names are in lower case. */
  public record Request(String method, String uri, Map<String, String> headers, String body) {}

  private static final Pattern LOAD = Pattern.compile("POST /v2/repository/models/[^/]+/load");
  private static final Pattern UNLOAD = Pattern.compile("POST /v2/repository/models/[^/]+/unload");
  private static final Pattern READY = Pattern.compile("GET /v2/models/[^/]+/ready");
  private static final Pattern METADATA = Pattern.compile("GET /v2/models/[^/]+");
  private static final Pattern INFER = Pattern.compile("POST /v2/models/[^/]+/infer");

  private static final Vertx VERTX =
      Vertx.vertx(
          new VertxOptions()
              .setEventLoopPoolSize(2)
              .setUseDaemonThread(true)
              .setPreferNativeTransport(false));

  /** So often that it does not end before {@link #heal}. */
  public static final int ALWAYS = Integer.MAX_VALUE;

  private static final String LOOPBACK = "127.0.0.1";
  private static final int BINDS = 1_000;
  private static final Duration BIND_PAUSE = Duration.ofMillis(2);

  /** What happens to a load instead of success. */
  private interface Fault {
    void strike(HttpServerRequest request);
  }

  private static final Fault PRETENCE = request -> answer(request, 200, new JsonObject());

  private static final class NextFaults {
    final Fault fault;
    int times;

    NextFaults(Fault fault, int times) {
      this.fault = fault;
      this.times = times;
    }
  }

  private static final class ServedModel {
    final List<Load> loads = new ArrayList<>();
    final List<DoneLoad> doneLoads = new ArrayList<>();
    final List<DoneLoad> acceptedLoads = new ArrayList<>();
    final List<DoneLoad> effectiveLoads = new ArrayList<>();
    boolean loaded = true;
    int pollsUntilReady;
  }

  private final Map<String, ServedModel> models = new LinkedHashMap<>();
  private final Map<String, String> loadRoutes = new HashMap<>();
  private final Map<String, String> readyRoutes = new HashMap<>();
  private final Deque<NextFaults> nextFaults = new ArrayDeque<>();
  private final Deque<Runnable> heldBack = new ArrayDeque<>();
  private final List<Request> requests = new ArrayList<>();
  private final AtomicInteger openConnections = new AtomicInteger();
  private final List<Closeable> lostPackets = new ArrayList<>();
  private boolean recording = true;
  private boolean gated;
  private boolean hanging;

  /** Whether it was stopped, rather than crashed, and is not to start again by itself. */
  private boolean down = true;

  private boolean ready = true;
  private int readyAfterPolls;
  private int inferenceStatus = 200;
  private Duration delay = Duration.ZERO;
  private HttpServer server;
  private final String host;
  private int port;

  FakeModelServer() {
    this(LOOPBACK, 0);
  }

  FakeModelServer(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Listens on an ephemeral port; has no models yet. */
  public static FakeModelServer start() {
    return start(LOOPBACK, 0);
  }

  /**
   * As {@link #start()}, elsewhere: replicas found by name have one port and different addresses.
   *
   * @param host an address of loopback
   * @param port 0 for a free one
   */
  public static FakeModelServer start(String host, int port) {
    FakeModelServer fake = new FakeModelServer(host, port);
    fake.startAgain();
    return fake;
  }

  /** Adds a model that serves already. */
  public synchronized FakeModelServer model(String name) {
    models.put(name, new ServedModel());
    return this;
  }

  /** Makes {@code method path} a load of the model too, as a custom server would have it. */
  public synchronized FakeModelServer loadRoute(String method, String path, String model) {
    loadRoutes.put(method + " " + path, model);
    return this;
  }

  /** Makes {@code GET path} tell whether the model is ready, as a custom server would have it. */
  public synchronized FakeModelServer readyRoute(String path, String model) {
    readyRoutes.put("GET " + path, model);
    return this;
  }

  /** The next loads are answered with this status and {@code {"error": "scripted failure"}}. */
  public FakeModelServer failNext(int times, int status) {
    return failNext(times, status, new JsonObject().put("error", "scripted failure").encode());
  }

  public FakeModelServer failNext(int times, int status, String body) {
    return next(times, request -> request.response().setStatusCode(status).end(body));
  }

  /** Every load is answered with this status, until {@link #heal}. */
  public FakeModelServer failAlways(int status) {
    return failNext(ALWAYS, status);
  }

  /** The next loads are answered with success, and change nothing. */
  public FakeModelServer pretendNext(int times) {
    return next(times, PRETENCE);
  }

  /** The next loads are redirected. */
  public FakeModelServer redirectNext(int times, String location) {
    return next(
        times,
        request -> request.response().setStatusCode(302).putHeader("Location", location).end());
  }

  /** The connections of the next loads are reset (RST) without an answer. */
  public FakeModelServer resetNext(int times) {
    return next(
        times,
        request -> {
          ConnectionBase connection = (ConnectionBase) request.connection();
          connection.channel().config().setOption(ChannelOption.SO_LINGER, 0);
          connection.channel().close();
        });
  }

  /** The connections of the next loads are closed (FIN) without an answer. */
  public FakeModelServer closeNext(int times) {
    return next(times, request -> request.connection().close());
  }

  /** The next loads begin an answer and break off in the middle of its body. */
  public FakeModelServer breakOffNext(int times) {
    return next(
        times,
        request -> {
          HttpServerResponse response = request.response().putHeader("Content-Length", "100");
          response.write("{").onComplete(written -> request.connection().close());
        });
  }

  /** The next loads are never answered; their connections stay open. */
  public FakeModelServer ignoreNext(int times) {
    return next(times, request -> {});
  }

  /** Each of the next loads takes the whole server down; it starts again by itself, at once. */
  public FakeModelServer crashNext(int times) {
    return next(times, request -> closeListener().onComplete(closed -> listen(BINDS)));
  }

  private synchronized FakeModelServer next(int times, Fault fault) {
    nextFaults.add(new NextFaults(fault, times));
    return this;
  }

  /** Half-open: takes connections and requests, and answers none of them, until {@link #heal}. */
  public synchronized FakeModelServer hang() {
    hanging = true;
    return this;
  }

  /**
   * Packets to it are lost, as to a machine that is gone, until {@link #heal}: a connection is
   * neither accepted nor refused. By a port whose queue of connections is full, which Linux treats
   * so.
   */
  public FakeModelServer vanish() {
    stop();
    try {
      ServerSocket full = bindFull();
      lostPackets.add(full);
      while (true) {
        Socket filler = new Socket();
        lostPackets.add(filler);
        filler.connect(full.getLocalSocketAddress(), 100);
      }
    } catch (SocketTimeoutException e) {
      return this; // The queue is full.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** After a crash the listener that starts again by itself may have the port for a moment yet. */
  private ServerSocket bindFull() throws IOException {
    for (int look = 1; ; look++) {
      try {
        return new ServerSocket(port, 1, InetAddress.getByName(host));
      } catch (BindException taken) {
        if (look == BINDS) {
          throw taken;
        }
        LockSupport.parkNanos(BIND_PAUSE.toNanos());
      }
    }
  }

  /** Every load takes this long before it is answered. */
  public synchronized FakeModelServer slowLoads(Duration delay) {
    this.delay = delay;
    return this;
  }

  /** Holds every load back from now on, to be answered upon {@link #releaseLoads}. */
  public synchronized FakeModelServer gateLoads() {
    gated = true;
    return this;
  }

  /** Answers the loads held back, oldest first, and opens the gate. */
  public void releaseLoads() {
    List<Runnable> released;
    synchronized (this) {
      gated = false;
      released = List.copyOf(heldBack);
      heldBack.clear();
    }
    released.forEach(Runnable::run);
  }

  /** How many loads the gate holds back now. */
  public synchronized int heldLoads() {
    return heldBack.size();
  }

  /** After each load, the model is not ready for so many polls. */
  public synchronized FakeModelServer readyAfterPolls(int polls) {
    readyAfterPolls = polls;
    return this;
  }

  /** No model is ready any more, until {@link #heal}. */
  public synchronized FakeModelServer neverReady() {
    ready = false;
    return this;
  }

  /** Inference requests are answered with this status, until {@link #heal}; readiness is not. */
  public synchronized FakeModelServer failInference(int status) {
    inferenceStatus = status;
    return this;
  }

  /** Ends every fault, delay and gate, and starts again what was stopped. */
  public FakeModelServer heal() {
    synchronized (this) {
      nextFaults.clear();
      hanging = false;
      ready = true;
      inferenceStatus = 200;
      readyAfterPolls = 0;
      delay = Duration.ZERO;
      models.values().forEach(model -> model.pollsUntilReady = 0);
    }
    releaseLoads();
    for (Closeable filler : lostPackets) {
      try {
        filler.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    lostPackets.clear();
    if (isDown()) {
      startAgain();
    }
    return this;
  }

  /** The loads of a model so far, oldest first. */
  public synchronized List<Load> loads(String model) {
    return List.copyOf(served(model).loads);
  }

  /** How many loads of a model there were so far; cheap to poll. */
  public synchronized int loadCount(String model) {
    return served(model).loads.size();
  }

  /** Those of them that no fault befell, in the order in which they were done. */
  public synchronized List<DoneLoad> doneLoads(String model) {
    return List.copyOf(served(model).doneLoads);
  }

  /** Those answered with success, whether or not anything came of them. */
  public synchronized List<DoneLoad> acceptedLoads(String model) {
    return List.copyOf(served(model).acceptedLoads);
  }

  /** Those that made the model read its features anew. */
  public synchronized List<DoneLoad> effectiveLoads(String model) {
    return List.copyOf(served(model).effectiveLoads);
  }

  /** Keeps no {@link #requests} from now on, for runs that would fill the memory with them. */
  public synchronized FakeModelServer withoutRecording() {
    recording = false;
    return this;
  }

  /** Every request so far, oldest first. */
  public synchronized List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many connections clients hold to this server now. */
  public int openConnections() {
    return openConnections.get();
  }

  /** {@code http://host:port}; stays the same when stopped and started again. */
  public String address() {
    return replica().toString();
  }

  public synchronized Replica replica() {
    return new Replica("http", host, port);
  }

  /**
   * Closes the port and every connection, as a crash would. Keeps what is recorded and scripted.
   */
  public void stop() {
    synchronized (this) {
      down = true;
    }
    await(closeListener());
    for (int look = 0; look < BINDS && !isPortFree(); look++) {
      LockSupport.parkNanos(BIND_PAUSE.toNanos());
    }
  }

  /** A port is free only when its selector has let go of it, a moment after it was closed. */
  private boolean isPortFree() {
    try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getByName(host))) {
      return free.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  private synchronized boolean isDown() {
    return down;
  }

  private synchronized Future<Void> closeListener() {
    heldBack.clear();
    return server.close();
  }

  /** Listens again on the same port. */
  public void startAgain() {
    synchronized (this) {
      down = false;
    }
    await(listen(BINDS));
  }

  /** Until the port is free, see {@link #isPortFree}. */
  private Future<HttpServer> listen(int left) {
    HttpServer next =
        VERTX
            .createHttpServer(new HttpServerOptions().setHost(host).setPort(port))
            .connectionHandler(
                connection -> {
                  openConnections.incrementAndGet();
                  connection.closeHandler(closed -> openConnections.decrementAndGet());
                })
            .requestHandler(this::handle);
    return next.listen()
        .onSuccess(
            listening -> {
              synchronized (this) {
                server = listening;
                port = listening.actualPort();
              }
              if (isDown()) {
                listening.close();
              }
            })
        .recover(
            taken -> {
              if (left > 1 && !isDown()) {
                return VERTX
                    .timer(BIND_PAUSE.toMillis(), TimeUnit.MILLISECONDS)
                    .compose(later -> listen(left - 1));
              }
              synchronized (this) {
                down = true;
              }
              return Future.failedFuture(taken);
            });
  }

  @Override
  public void close() {
    stop();
  }

  private void handle(HttpServerRequest request) {
    request.body().onSuccess(body -> route(request, body.toString()));
  }

  private void route(HttpServerRequest request, String body) {
    String[] path = request.path().split("/");
    String call = request.method() + " " + request.path();
    String customLoad;
    String customReady;
    synchronized (this) {
      if (recording) {
        requests.add(record(request, body));
      }
      if (hanging) {
        return;
      }
      customLoad = loadRoutes.get(call);
      customReady = readyRoutes.get(call);
    }
    if (routed(request, call, body)) {
      return;
    }
    if (customLoad != null) {
      load(request, customLoad, body);
    } else if (customReady != null) {
      readiness(request, customReady);
    } else if (call.equals("GET /v2")) {
      answer(request, 200, new JsonObject().put("name", "fake-model-server"));
    } else if (call.equals("GET /v2/health/ready") || call.equals("GET /v2/health/live")) {
      request.response().end();
    } else if (call.equals("POST /v2/repository/index")) {
      index(request);
    } else if (LOAD.matcher(call).matches()) {
      load(request, path[4], body);
    } else if (UNLOAD.matcher(call).matches()) {
      unload(request, path[4]);
    } else if (READY.matcher(call).matches()) {
      readiness(request, path[3]);
    } else if (METADATA.matcher(call).matches()) {
      metadata(request, path[3]);
    } else if (INFER.matcher(call).matches()) {
      infer(request, path[3]);
    } else {
      error(request, 404, "no such route: " + call);
    }
  }

  private static Request record(HttpServerRequest request, String body) {
    Map<String, String> headers = new HashMap<>();
    request.headers().forEach((name, value) -> headers.put(name.toLowerCase(), value));
    return new Request(request.method().name(), request.uri(), headers, body);
  }

  private synchronized void load(HttpServerRequest request, String name, String body) {
    ServedModel model = models.get(name);
    if (model == null) {
      error(request, 400, "failed to load '" + name + "', no such model");
      return;
    }
    Load load = new Load(name, Instant.now(), request.uri(), body);
    model.loads.add(load);
    Optional<Fault> fault = nextFault();
    Runnable answer = () -> finish(request, load, fault);
    if (gated) {
      heldBack.add(answer);
    } else if (delay.isZero()) {
      answer.run();
    } else {
      VERTX.setTimer(delay.toMillis(), timer -> answer.run());
    }
  }

  private Optional<Fault> nextFault() {
    if (nextFaults.isEmpty()) {
      return Optional.empty();
    }
    NextFaults next = nextFaults.getFirst();
    next.times--;
    if (next.times == 0) {
      nextFaults.removeFirst();
    }
    return Optional.of(next.fault);
  }

  private void finish(HttpServerRequest request, Load load, Optional<Fault> fault) {
    if (fault.isPresent()) {
      if (fault.get() == PRETENCE) {
        synchronized (this) {
          served(load.model()).acceptedLoads.add(new DoneLoad(load.startedAt(), Instant.now()));
        }
      }
      fault.get().strike(request);
      return;
    }
    Optional<String> refusal;
    synchronized (this) {
      refusal = refusal(load.model(), load.body());
      if (refusal.isEmpty()) {
        ServedModel model = served(load.model());
        model.loaded = true;
        model.pollsUntilReady = readyAfterPolls;
        DoneLoad done = new DoneLoad(load.startedAt(), Instant.now());
        model.doneLoads.add(done);
        model.acceptedLoads.add(done);
        if (tookEffect(load.model())) {
          model.effectiveLoads.add(done);
        }
      }
    }
    if (refusal.isPresent()) {
      error(request, 400, refusal.get());
    } else {
      answer(request, 200, new JsonObject());
    }
  }

  /** A route of a protocol that has more of them; true if it was answered. */
  boolean routed(HttpServerRequest request, String call, String body) {
    return false;
  }

  /** What a protocol makes of a load that no fault befell; empty if it is done. Under the lock. */
  Optional<String> refusal(String model, String body) {
    return Optional.empty();
  }

  /** Whether the load just accepted made the model read its features anew. Under the lock. */
  boolean tookEffect(String model) {
    return true;
  }

  final synchronized boolean isLoaded(String model) {
    return models.containsKey(model) && served(model).loaded;
  }

  /** The model is in the repository, but not loaded. */
  public synchronized FakeModelServer unloaded(String model) {
    served(model).loaded = false;
    return this;
  }

  private synchronized void unload(HttpServerRequest request, String name) {
    if (models.containsKey(name)) {
      served(name).loaded = false;
      answer(request, 200, new JsonObject());
    } else {
      error(request, 400, "failed to unload '" + name + "', no such model");
    }
  }

  private synchronized void readiness(HttpServerRequest request, String name) {
    ServedModel model = models.get(name);
    if (model == null) {
      error(request, 404, "no such model: " + name);
    } else if (!ready || !model.loaded || model.pollsUntilReady-- > 0) {
      error(request, 400, "model '" + name + "' is not ready");
    } else {
      answer(request, 200, new JsonObject().put("name", name).put("ready", true));
    }
  }

  private synchronized void metadata(HttpServerRequest request, String name) {
    if (models.containsKey(name)) {
      answer(
          request,
          200,
          new JsonObject()
              .put("name", name)
              .put("platform", "fake")
              .put("inputs", new JsonArray())
              .put("outputs", new JsonArray()));
    } else {
      error(request, 404, "no such model: " + name);
    }
  }

  private synchronized void index(HttpServerRequest request) {
    JsonArray index = new JsonArray();
    models.forEach(
        (name, model) ->
            index.add(
                new JsonObject()
                    .put("name", name)
                    .put("version", "1")
                    .put("state", model.loaded ? "READY" : "UNAVAILABLE")
                    .put("reason", model.loaded ? "" : "unloaded")));
    request.response().putHeader("Content-Type", "application/json").end(index.encode());
  }

  /** The prediction is the number of loads, so that a test can see which features serve. */
  private synchronized void infer(HttpServerRequest request, String name) {
    ServedModel model = models.get(name);
    if (model == null || !model.loaded) {
      error(request, 400, "model '" + name + "' is not ready");
      return;
    }
    if (inferenceStatus != 200) {
      error(request, inferenceStatus, "no features for '" + name + "'");
      return;
    }
    answer(
        request,
        200,
        new JsonObject()
            .put("model_name", name)
            .put(
                "outputs",
                new JsonArray()
                    .add(
                        new JsonObject()
                            .put("name", "loads")
                            .put("shape", new JsonArray().add(1))
                            .put("datatype", "INT64")
                            .put("data", new JsonArray().add(model.loads.size())))));
  }

  private ServedModel served(String name) {
    ServedModel model = models.get(name);
    if (model == null) {
      throw new IllegalArgumentException(
          "no model " + name + " on this server; add it with model(\"" + name + "\")");
    }
    return model;
  }

  static void answer(HttpServerRequest request, int status, JsonObject body) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .end(body.encode());
  }

  static void error(HttpServerRequest request, int status, String message) {
    answer(request, status, new JsonObject().put("error", message));
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException("the fake model server did not start or stop", e);
    }
  }
}
