package io.modelrefresh.benchmarks.scenarios;

import io.modelrefresh.benchmarks.modelserver.InstantModelServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Models that each consume a view of their own on replicas of their own. A load says which update
 * it covers: by protocol {@code http}, the number of the newest is in its path.
 */
final class Fleet implements AutoCloseable {

  /** Told what the model servers were asked for, on their event loop. */
  interface Listener {

    /** A load covers the model's updates up to this number; 0 for none. */
    void loads(int model, int replica, long upTo);

    /** The replica's last load is done. */
    void confirmed(int model, int replica);
  }

  private final int models;
  private final int replicas;
  private final InstantModelServer servers;

  Fleet(int models, int replicas, Listener listener) {
    this.models = models;
    this.replicas = replicas;
    servers =
        InstantModelServer.start(
            models * replicas,
            (server, load, uri) -> {
              if (load) {
                long upTo = Long.parseLong(uri.substring(uri.lastIndexOf('/') + 1));
                listener.loads(server / replicas, server % replicas, upTo);
              } else {
                listener.confirmed(server / replicas, server % replicas);
              }
            });
  }

  static String view(int model) {
    return "view_" + model;
  }

  List<String> replicasOf(int model) {
    return servers.addresses().subList(model * replicas, (model + 1) * replicas);
  }

  Map<String, String> configuration(String quietPeriod, String maxWait) {
    Map<String, String> configuration = new HashMap<>();
    for (int i = 0; i < models; i++) {
      String model = "model-refresh.models.model-" + i;
      configuration.put(model + ".feature-views", view(i));
      configuration.put(model + ".server.protocol", "http");
      configuration.put(model + ".server.replicas", String.join(",", replicasOf(i)));
      configuration.put(
          model + ".server.http.path",
          "/load/{model}/{#if updates.size > 0}{updates.last.row_count}{#else}0{/if}");
      configuration.put(model + ".server.http.ready-path", "/ready/{model}");
      configuration.put(model + ".refresh.quiet-period", quietPeriod);
      configuration.put(model + ".refresh.max-wait", maxWait);
      configuration.put(model + ".refresh.on-start", "never");
    }
    return configuration;
  }

  @Override
  public void close() {
    servers.close();
  }
}
