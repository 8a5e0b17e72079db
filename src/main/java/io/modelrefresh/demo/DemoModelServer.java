package io.modelrefresh.demo;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A model server with a number of replicas, each on a port of its own and with a memory of its own,
 * that speaks the repository and inference API of the Open Inference Protocol. Its models predict
 * {@code score = input x conv_rate}, where {@code conv_rate} is what the replica loaded last from
 * the {@link DemoFeatureStore}, so anyone can see and recompute which features a replica serves.
 */
public final class DemoModelServer {

  /** The feature the predictions are made of. */
  public static final String FEATURE = "conv_rate";

  private final List<HttpServer> replicas;

  private DemoModelServer(List<HttpServer> replicas) {
    this.replicas = replicas;
  }

  /**
   * Starts a replica on each port (0 for any), with all models loaded. Fails, with nothing left
   * running, when a port cannot be had.
   *
   * @param host what to listen on, such as {@code 127.0.0.1}
   * @param models the feature view each model reads, by the model's name
   * @param clock tells when features were loaded
   */
  public static Future<DemoModelServer> start(
      Vertx vertx,
      String host,
      List<Integer> ports,
      Map<String, String> models,
      DemoFeatureStore store,
      Clock clock) {
    List<Future<HttpServer>> started = new ArrayList<>();
    for (int i = 0; i < ports.size(); i++) {
      DemoReplica replica = new DemoReplica("replica-" + i, models, store, clock);
      started.add(
          vertx.createHttpServer().requestHandler(replica::handle).listen(ports.get(i), host));
    }
    return Future.join(started)
        .map(all -> new DemoModelServer(all.<HttpServer>list()))
        .recover(
            cause ->
                Future.join(
                        started.stream()
                            .filter(Future::succeeded)
                            .map(replica -> replica.result().close())
                            .toList())
                    .transform(closed -> Future.failedFuture(cause)));
  }

  /** The port each replica listens on, in the order given. */
  public List<Integer> ports() {
    return replicas.stream().map(HttpServer::actualPort).toList();
  }

  /** Stops all replicas. */
  public Future<Void> close() {
    return Future.join(replicas.stream().map(HttpServer::close).toList()).mapEmpty();
  }
}
