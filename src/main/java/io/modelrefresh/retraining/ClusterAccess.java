package io.modelrefresh.retraining;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.modelrefresh.request.Excerpt;
import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The API server, asked on threads of its own, since the client blocks. A client is made when it is
 * first needed, and every request is sent once: who asked tries again.
 */
final class ClusterAccess implements AutoCloseable {

  private static final int THREADS = 4;
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);

  private final Supplier<KubernetesClient> clients;
  private final Duration timeout;
  private final WorkerExecutor worker;
  private Optional<KubernetesClient> client = Optional.empty();

  ClusterAccess(Supplier<KubernetesClient> clients, Vertx vertx) {
    this(clients, vertx, REQUEST_TIMEOUT);
  }

  /**
   * @param timeout how long an answer may take; what was asked for may have been done all the same
   */
  ClusterAccess(Supplier<KubernetesClient> clients, Vertx vertx, Duration timeout) {
    this.clients = clients;
    this.timeout = timeout;
    worker =
        vertx.createSharedWorkerExecutor("retraining-" + System.identityHashCode(this), THREADS);
  }

  /** Runs the call on a worker, upon subscription. */
  <T> Uni<T> call(Function<KubernetesClient, T> call) {
    return Uni.createFrom()
        .completionStage(
            () -> worker.executeBlocking(() -> call.apply(client()), false).toCompletionStage());
  }

  /** The namespace to use where nothing says another. */
  String namespace(KubernetesClient connected, Optional<String> configured) {
    return configured.or(() -> Optional.ofNullable(connected.getNamespace())).orElse("default");
  }

  private synchronized KubernetesClient client() {
    if (client.isEmpty()) {
      KubernetesClient given = clients.get();
      client =
          Optional.of(
              given
                  .adapt(NamespacedKubernetesClient.class)
                  .withRequestConfig(
                      new RequestConfigBuilder(given.getConfiguration().getRequestConfig())
                          .withRequestRetryBackoffLimit(0)
                          .withRequestTimeout((int) timeout.toMillis())
                          .build())
                  .call(once -> once));
    }
    return client.get();
  }

  /**
   * What an answer of the API server means.
   *
   * @param verb what was asked for
   * @param resource the plural name and group, such as {@code jobs.batch}
   */
  static EnqueueFailedException failure(
      KubernetesClientException e, String verb, String resource, String namespace, String name) {
    String what = resource + " " + namespace + "/" + name + ": ";
    String said = Excerpt.of(said(e));
    return switch (e.getCode()) {
      case HttpURLConnection.HTTP_FORBIDDEN ->
          new EnqueueFailedException(
              Kind.FORBIDDEN,
              "%sthe API server forbids to %s it; the agent's service account needs the verb %s on %s in namespace %s, if that is not what it lacks: %s"
                  .formatted(what, verb, verb, resource, namespace, said));
      case HttpURLConnection.HTTP_UNAUTHORIZED ->
          new EnqueueFailedException(
              Kind.FORBIDDEN,
              what + "the API server does not know the agent: check its service account token");
      case HttpURLConnection.HTTP_NOT_FOUND ->
          new EnqueueFailedException(
              Kind.UNAVAILABLE,
              what
                  + "the API server does not find it; is there the namespace, and is the resource"
                  + " installed? "
                  + said);
      case HttpURLConnection.HTTP_BAD_REQUEST, 422 ->
          new EnqueueFailedException(Kind.INVALID, what + "the API server finds it wrong: " + said);
      default ->
          new EnqueueFailedException(
              Kind.UNAVAILABLE, what + "the API server could not " + verb + " it: " + said);
    };
  }

  private static String said(KubernetesClientException e) {
    if (e.getStatus() != null && e.getStatus().getMessage() != null) {
      return e.getStatus().getMessage();
    }
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.toString() : root.getMessage();
  }

  @Override
  public void close() {
    worker.close();
  }
}
