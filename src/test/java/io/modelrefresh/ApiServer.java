package io.modelrefresh;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.Queue;

/**
 * A Kubernetes API server in this JVM, on one port of loopback for its life, that keeps what it
 * stores while it is down.
 */
public final class ApiServer implements AutoCloseable {

  private final int port = freePort();
  private Stored stored = new Stored();
  private final KubernetesClient client = newClient(0);
  private final KubernetesClient admin = newClient(10);
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

  /** As an agent in the cluster has it. */
  public KubernetesClient client() {
    return client;
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

  private KubernetesClient newClient(int retries) {
    return new KubernetesClientBuilder()
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

    Stored() {}

    /**
     * With what the other stores, and with none of its watches: one that the server that went down
     * has broken would break the next change, which nobody would then hear of.
     */
    Stored(Stored before) {
      forbidden = before.forbidden;
      map.putAll(before.map);
      long reached = before.requestResourceVersion();
      while (requestResourceVersion() < reached) {}
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      if (!forbidden) {
        return super.dispatch(request);
      }
      return new MockResponse()
          .setResponseCode(403)
          .setBody(
              Serialization.asJson(
                  new StatusBuilder().withCode(403).withReason("Forbidden").build()));
    }
  }
}
