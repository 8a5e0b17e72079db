package io.modelrefresh.retraining;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.smallrye.mutiny.Uni;
import java.net.HttpURLConnection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The ledger of agents in Kubernetes: one ConfigMap a model. Its resourceVersion lets only one of
 * several agents write what it made of what it read.
 */
final class KubernetesLedger implements Ledger {

  /** Whether something is owed, so that a scan lists only such ledgers. */
  private static final String OWES = Labels.PREFIX + "retraining-owed";

  private static final String RESOURCE = "configmaps";

  private final ClusterAccess cluster;
  private final Optional<String> namespace;

  /**
   * @param namespace by default the client's own
   */
  KubernetesLedger(ClusterAccess cluster, Optional<String> namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  @Override
  public boolean durable() {
    return true;
  }

  @Override
  public Uni<LedgerState> read(String model) {
    return cluster.call(client -> read(client, model));
  }

  private LedgerState read(KubernetesClient client, String model) {
    String in = namespace(client);
    ConfigMap map;
    try {
      map = client.configMaps().inNamespace(in).withName(name(model)).get();
    } catch (KubernetesClientException e) {
      throw ClusterAccess.failure(e, "get", RESOURCE, in, name(model));
    }
    return map == null ? LedgerState.NONE : state(map);
  }

  private static LedgerState state(ConfigMap map) {
    Map<Kind, LedgerEntry> entries = new EnumMap<>(Kind.class);
    Optional.ofNullable(map.getData())
        .orElse(Map.of())
        .forEach(
            (kind, text) -> {
              try {
                entries.put(Kind.of(kind), LedgerCodec.decode(text));
              } catch (IllegalArgumentException e) {
                throw new IllegalStateException(
                    "ConfigMap %s/%s: %s is no ledger entry, mend or delete the ConfigMap: %s"
                        .formatted(
                            map.getMetadata().getNamespace(),
                            map.getMetadata().getName(),
                            kind,
                            e.getMessage()),
                    e);
              }
            });
    return new LedgerState(entries, Optional.of(map.getMetadata().getResourceVersion()));
  }

  @Override
  public Uni<LedgerState> write(String model, LedgerState state) {
    return cluster.call(client -> write(client, model, state));
  }

  private LedgerState write(KubernetesClient client, String model, LedgerState state) {
    String in = namespace(client);
    ConfigMap map = configMap(in, model, state);
    var resource = client.configMaps().inNamespace(in).resource(map);
    boolean first = state.version().isEmpty();
    try {
      ConfigMap written = first ? resource.create() : resource.update();
      return new LedgerState(
          state.entries(), Optional.of(written.getMetadata().getResourceVersion()));
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT
          || !first && e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        throw new StaleLedgerException("ConfigMap " + in + "/" + name(model));
      }
      throw ClusterAccess.failure(e, first ? "create" : "update", RESOURCE, in, name(model));
    }
  }

  private static ConfigMap configMap(String namespace, String model, LedgerState state) {
    Map<String, String> data = new TreeMap<>();
    state.entries().forEach((kind, entry) -> data.put(kind.text(), LedgerCodec.encode(entry)));
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name(model))
        .withNamespace(namespace)
        .withResourceVersion(state.version().orElse(null))
        .addToLabels(Labels.MANAGED_BY, Labels.AGENT)
        .addToLabels(Labels.MODEL, JobName.label(model))
        .addToLabels(OWES, Boolean.toString(state.owes()))
        .addToAnnotations(Labels.MODEL, model)
        .endMetadata()
        .withData(data)
        .build();
  }

  @Override
  public Uni<List<String>> owing() {
    return cluster.call(this::owing);
  }

  private List<String> owing(KubernetesClient client) {
    String in = namespace(client);
    try {
      return client
          .configMaps()
          .inNamespace(in)
          .withLabels(Map.of(Labels.MANAGED_BY, Labels.AGENT, OWES, "true"))
          .list()
          .getItems()
          .stream()
          .map(map -> map.getMetadata().getAnnotations().getOrDefault(Labels.MODEL, ""))
          .toList();
    } catch (KubernetesClientException e) {
      throw ClusterAccess.failure(e, "list", RESOURCE, in, "*");
    }
  }

  private String namespace(KubernetesClient client) {
    return cluster.namespace(client, namespace);
  }

  static String name(String model) {
    return "retraining-ledger-" + JobName.label(model);
  }
}
