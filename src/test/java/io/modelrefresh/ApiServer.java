package io.modelrefresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.modelrefresh.operations.Permissions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;

/**
 * A Kubernetes API server in this JVM, on one port of loopback for its life, that keeps what it
 * stores while it is down. Whatever agents ask it for the roles that are shipped must grant:
 * closing it fails where they do not.
 */
public final class ApiServer implements AutoCloseable {

  /** Longer than any test that stalls it waits for an answer. */
  private static final Duration LONG = Duration.ofMinutes(2);

  /** A header of requests that are no agent's. */
  private static final String ADMIN = "x-admin";

  private final int port = freePort();
  private Stored stored = new Stored();
  private final KubernetesClient client = newClient(0, false);
  private final KubernetesClient admin = newClient(10, true);
  private KubernetesMockServer server;

  /** A server that is not up yet. */
  public ApiServer() {}

  public ApiServer up() {
    stored = new Stored(stored);
    server =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            new HashMap<ServerRequest, Queue<ServerResponse>>(),
            stored,
            false);
    server.init(InetAddress.getLoopbackAddress(), port);
    return this;
  }

  public void down() {
    server.destroy();
  }

  /** From now on, as to one whose service account may do nothing. */
  public void forbid(boolean forbidden) {
    stored.forbidden = forbidden;
  }

  /**
   * Lets what is given answer a request, where it does, instead of the server; called on the
   * server's threads. A dry run is answered before, and stores nothing.
   */
  public void intercept(Interceptor interceptor) {
    stored.interceptor = interceptor;
  }

  /** Shows what the server was asked and answered, before the answer is sent. */
  public void observe(BiConsumer<RecordedRequest, MockResponse> observer) {
    stored.observer = observer;
  }

  /** From now on, does what is asked for by POST, and answers it long after. */
  public void stall(boolean stalled) {
    stored.stalled = stalled;
  }

  /** Has an answer of its own for some requests. */
  @FunctionalInterface
  public interface Interceptor {
    Optional<MockResponse> answer(RecordedRequest request);

    Interceptor NONE = request -> Optional.empty();
  }

  /** The answer of a Kubernetes API server that does not do what it was asked. */
  public static MockResponse refusal(int code, String reason, String message) {
    return new MockResponse()
        .setResponseCode(code)
        .setBody(
            Serialization.asJson(
                new StatusBuilder()
                    .withCode(code)
                    .withReason(reason)
                    .withMessage(message)
                    .build()));
  }

  /** The paths of collections in which something was created, one for each creation, in order. */
  public List<String> creations() {
    return stored.creations;
  }

  /** By the clock given, a moment before the object of that name was created, if it was. */
  public Optional<Instant> createdAt(String name) {
    return Optional.ofNullable(stored.createdAt.get(name));
  }

  /** Lets {@link #createdAt} go by this clock. */
  public void goBy(Clock clock) {
    stored.clock = clock;
  }

  /** How often each verb, such as {@code POST}, was used. */
  public long requests(String method) {
    return stored.methods.stream().filter(method::equals).count();
  }

  /** As an agent in the cluster has it. */
  public KubernetesClient client() {
    return client;
  }

  /** As those have it who may do everything. */
  public KubernetesClient admin() {
    return admin;
  }

  /** Lets agents do something besides, {@code verb resource.group}, as who uses them so has to. */
  public ApiServer grant(String permission) {
    stored.granted.add(permission);
    return this;
  }

  /** Where it listens while it is up. */
  public String url() {
    return "http://127.0.0.1:" + port;
  }

  public void apply(HasMetadata resource) {
    admin.resource(resource).createOr(existing -> existing.update());
  }

  public void delete(HasMetadata resource) {
    admin.resource(resource).delete();
  }

  private KubernetesClient newClient(int retries, boolean ofAdmin) {
    return new KubernetesClientBuilder()
        .withHttpClientBuilderConsumer(
            http -> {
              if (ofAdmin) {
                http.addOrReplaceInterceptor(
                    ADMIN,
                    new io.fabric8.kubernetes.client.http.Interceptor() {
                      @Override
                      public void before(
                          BasicBuilder builder, HttpRequest request, RequestTags tags) {
                        builder.setHeader(ADMIN, "yes");
                      }
                    });
              }
            })
        .withConfig(
            new ConfigBuilder(Config.empty())
                .withMasterUrl(url())
                .withHttp2Disable(true)
                .withWatchReconnectInterval(50)
                .withRequestRetryBackoffLimit(retries)
                .build())
        .build();
  }

  @Override
  public void close() {
    client.close();
    admin.close();
    if (server != null) {
      server.destroy();
    }
    if (!stored.missing.isEmpty()) {
      throw new AssertionError("no role in kubernetes/ grants the agent: " + stored.missing);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class Stored extends KubernetesCrudDispatcher {

    private volatile boolean forbidden;
    private volatile boolean stalled;
    private volatile Interceptor interceptor = Interceptor.NONE;
    private volatile BiConsumer<RecordedRequest, MockResponse> observer = (asked, answered) -> {};
    private volatile Clock clock = Clock.systemUTC();
    private final List<String> creations = new CopyOnWriteArrayList<>();
    private final Map<String, Instant> createdAt = new ConcurrentHashMap<>();
    private final Queue<String> methods = new ConcurrentLinkedQueue<>();
    private final Set<String> granted = new ConcurrentSkipListSet<>(Permissions.granted());
    private final Set<String> missing = new ConcurrentSkipListSet<>();

    Stored() {}

    /**
     * With what the other stores, and with none of its watches: one that the server that went down
     * has broken would break the next change, which nobody would then hear of.
     */
    Stored(Stored before) {
      forbidden = before.forbidden;
      interceptor = before.interceptor;
      observer = before.observer;
      clock = before.clock;
      creations.addAll(before.creations);
      createdAt.putAll(before.createdAt);
      methods.addAll(before.methods);
      granted.addAll(before.granted);
      missing.addAll(before.missing);
      map.putAll(before.map);
      long reached = before.requestResourceVersion();
      while (requestResourceVersion() < reached) {}
    }

    private MockResponse served(RecordedRequest request) {
      boolean creates = request.getMethod().equals("POST");
      if (creates && request.getPath().contains("dryRun=All")) {
        return new MockResponse().setResponseCode(201).setBody(request.getUtf8Body());
      }
      Instant now = clock.instant();
      MockResponse response = inTurn(request);
      if (creates && stalled) {
        response.setBodyDelay(LONG);
      }
      if (creates && response.code() < 300) {
        creations.add(request.getPath());
        JsonObject created = new JsonObject(new String(response.getBody().getBytes(), UTF_8));
        createdAt.put(created.getJsonObject("metadata").getString("name"), now);
      }
      return response;
    }

    /**
     * One at a time, as it seems with a real one: the mock compares resource versions and then
     * writes, and takes an object out before it puts the changed one in.
     */
    private MockResponse inTurn(RecordedRequest request) {
      synchronized (methods) {
        MockResponse response = super.dispatch(request);
        observer.accept(request, response);
        return response;
      }
    }

    private void check(String needed) {
      String permission = Permissions.ofAnyName(needed);
      if (!granted.contains(permission)) {
        missing.add(permission);
      }
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      methods.add(request.getMethod());
      if (request.getHeader(ADMIN) == null) {
        check(Permissions.needed(request.getMethod(), request.getPath()));
      }
      if (!forbidden) {
        return interceptor.answer(request).orElseGet(() -> served(request));
      }
      return refusal(403, "Forbidden", "forbidden");
    }
  }
}
