package io.modelrefresh.soak;

import io.modelrefresh.agent.ConfigMapMount;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The catalog's file as it changes, and what each model consumed at any time. */
final class Catalog implements AutoCloseable {

  /** An agent looks every half second, and may be frozen for a while. */
  private static final Duration ADOPTION = Duration.ofSeconds(25);

  static final Duration COOLDOWN = Duration.ofSeconds(10);

  private static final int VIEWS = 8;

  private static final String RETRAINED_BY_HTTP = "m7";
  private static final String RETRAINED_IN_KUBERNETES = "m8";
  private static final String REMOVED = "m10";
  private static final String OTHER_VIEWS = "m11";
  private static final String MOVED = "m12";

  /** A model as the catalog has it. */
  record Entry(List<String> views, List<Integer> pods, boolean paused, int quietMillis) {

    /** The selector is one of names, some narrowed to a feature. */
    boolean consumes(Update update) {
      return views.stream()
          .map(view -> view.split(":"))
          .anyMatch(
              view ->
                  view[0].equals(update.view())
                      && (view.length == 1
                          || update.features().isEmpty()
                          || update.features().contains(view[1])));
    }
  }

  private record Shown(Instant at, Map<String, Entry> models) {}

  private final Fleet fleet;
  private final int queuePort;
  private final Path jobTemplate;
  private final List<Shown> shown = new ArrayList<>();
  private final ConfigMapMount mount;
  private Map<String, Entry> now;
  private Duration adoption = ADOPTION;

  Catalog(Fleet fleet, int queuePort, Path jobTemplate) {
    this.fleet = fleet;
    this.queuePort = queuePort;
    this.jobTemplate = jobTemplate;
    Map<String, Entry> base = new TreeMap<>();
    for (int i = 0; i < fleet.deployments().size(); i++) {
      Deployment deployment = fleet.deployments().get(i);
      String first = i == 2 ? "v2:age" : "v" + i % VIEWS;
      List<Integer> pods = deployment.model.equals(MOVED) ? List.of(0, 1) : deployment.allPods();
      if (deployment.discovery == Deployment.Discovery.STATIC) {
        pods.forEach(pod -> deployment.pods.get(pod).isThereAtFirst());
      }
      base.put(
          deployment.model,
          new Entry(List.of(first, "v" + (i + 3) % VIEWS), pods, false, 50 + 10 * i));
    }
    now = base;
    mount = new ConfigMapMount("catalog.properties", text(base));
    took(base);
  }

  Path file() {
    return mount.file();
  }

  /** Tells how slow this machine is: what the start of the agents took. */
  void agentsNeed(Duration start) {
    adoption = ADOPTION.plus(start.multipliedBy(2));
  }

  /** How long an agent may go by a catalog, or by a list of replicas, after another was shown. */
  Duration adoption() {
    return adoption;
  }

  static int views() {
    return VIEWS;
  }

  /** Why an update retrains a model, if it does. */
  static Optional<String> retrains(String model, Update update) {
    if (!model.equals(RETRAINED_BY_HTTP) && !model.equals(RETRAINED_IN_KUBERNETES)) {
      return Optional.empty();
    }
    if (update.change().equals("schema") || update.change().equals("delete")) {
      return Optional.of(update.change());
    }
    return update.drift() >= 0.2 ? Optional.of("drift") : Optional.empty();
  }

  // ---- What changes; each returns what changes it back ----

  Runnable begin(Fault fault) {
    return switch (fault.kind()) {
      case CATALOG_TOUCHED ->
          change(
              "m" + fault.detail() % fleet.deployments().size(),
              entry ->
                  new Entry(
                      entry.views(), entry.pods(), entry.paused(), 20 + fault.detail() % 200));
      case MODEL_REMOVED -> change(REMOVED, entry -> null);
      case VIEW_REMOVED ->
          change(
              OTHER_VIEWS,
              entry ->
                  new Entry(
                      entry.views().subList(0, 1),
                      entry.pods(),
                      entry.paused(),
                      entry.quietMillis()));
      case MODEL_MOVED ->
          change(
              MOVED,
              entry ->
                  new Entry(entry.views(), List.of(1, 2), entry.paused(), entry.quietMillis()));
      case MODEL_PAUSED ->
          change(
              "m" + fault.detail() % fleet.deployments().size(),
              entry -> new Entry(entry.views(), entry.pods(), true, entry.quietMillis()));
      case CATALOG_BROKEN -> {
        mount.show("model-refresh.models.m0.feature-views=v0\n");
        yield () -> show(now);
      }
      case CATALOG_HIDDEN -> {
        mount.hide();
        yield () -> show(now);
      }
      default -> throw new IllegalArgumentException(fault.toString());
    };
  }

  private synchronized Runnable change(String model, UnaryOperator<Entry> changed) {
    Map<String, Entry> before = now;
    Map<String, Entry> next = new TreeMap<>(before);
    Entry entry = changed.apply(before.get(model));
    if (entry == null) {
      next.remove(model);
    } else {
      next.put(model, entry);
    }
    show(next);
    return () -> show(before);
  }

  private synchronized void show(Map<String, Entry> models) {
    now = models;
    for (Deployment deployment : fleet.deployments()) {
      if (deployment.discovery == Deployment.Discovery.STATIC) {
        List<Integer> pods = podsOf(deployment, models);
        deployment.pods.stream()
            .filter(pod -> !pods.contains(pod.number))
            .forEach(Deployment.Pod::leaves);
      }
    }
    mount.show(text(models));
    took(models);
  }

  private synchronized void took(Map<String, Entry> models) {
    shown.add(new Shown(Instant.now(), models));
    for (Deployment deployment : fleet.deployments()) {
      if (deployment.discovery == Deployment.Discovery.STATIC) {
        List<Integer> pods = podsOf(deployment, models);
        deployment.pods.stream()
            .filter(pod -> pods.contains(pod.number))
            .forEach(Deployment.Pod::joined);
      }
    }
  }

  private static List<Integer> podsOf(Deployment deployment, Map<String, Entry> models) {
    return Optional.ofNullable(models.get(deployment.model)).map(Entry::pods).orElse(List.of());
  }

  /** Whether it consumes the update by the catalog shown last. */
  synchronized boolean consumesNow(String model, Update update) {
    return consumes(now, model, update);
  }

  private static boolean consumes(Map<String, Entry> models, String model, Update update) {
    return models.containsKey(model) && models.get(model).consumes(update);
  }

  /** Whether it consumed the update in every catalog an agent may have gone by in that time. */
  synchronized boolean surelyConsumed(String model, Update update, Instant from, Instant to) {
    return throughout(from.minus(adoption), to, models -> consumes(models, model, update));
  }

  private boolean throughout(Instant from, Instant to, Predicate<Map<String, Entry>> holds) {
    for (int i = 0; i < shown.size(); i++) {
      Instant until = i + 1 < shown.size() ? shown.get(i + 1).at() : Instant.MAX;
      boolean inForce = shown.get(i).at().isBefore(to) && until.isAfter(from);
      if (inForce && !holds.test(shown.get(i).models())) {
        return false;
      }
    }
    return true;
  }

  synchronized int changes() {
    return shown.size() - 1;
  }

  private String text(Map<String, Entry> models) {
    StringBuilder text = new StringBuilder();
    models.forEach((name, entry) -> append(text, fleet.of(name), entry));
    return text.toString();
  }

  private void append(StringBuilder text, Deployment deployment, Entry entry) {
    Map<String, Object> keys = new TreeMap<>();
    keys.put("feature-views", String.join(",", entry.views()));
    keys.put("paused", entry.paused());
    keys.put("server.protocol", deployment.protocol.name().toLowerCase().replace('_', '-'));
    keys.put("server.replicas", deployment.address(entry.pods()));
    keys.put("server.timeout", "2s");
    if (deployment.protocol == Deployment.Protocol.HTTP) {
      keys.put("server.http.path", "/reload/" + deployment.model);
      keys.put("server.http.ready-path", "/health/" + deployment.model);
      keys.put("server.http.body", "{\"watermark\": \"{watermark}\"}");
    }
    keys.put("refresh.quiet-period", entry.quietMillis() + "ms");
    keys.put("refresh.max-wait", "500ms");
    keys.put("refresh.max-unavailable", deployment.pods.size() > 3 ? "50%" : "1");
    boolean inKubernetes = deployment.model.equals(RETRAINED_IN_KUBERNETES);
    if (inKubernetes || deployment.model.equals(RETRAINED_BY_HTTP)) {
      keys.put("retraining.changes", "schema,delete");
      keys.put("retraining.drift-at-least", "0.2");
      keys.put("retraining.cooldown", COOLDOWN.toSeconds() + "s");
      keys.put("retraining.queue", inKubernetes ? "kubernetes" : "http");
      if (inKubernetes) {
        keys.put("retraining.kubernetes.template-file", jobTemplate);
      } else {
        keys.put("retraining.http.url", "http://127.0.0.1:" + queuePort + "/jobs");
        keys.put("retraining.http.timeout", "2s");
      }
    }
    String prefix = "model-refresh.models." + deployment.model + ".";
    keys.forEach((key, value) -> text.append(prefix + key + '=' + value + '\n'));
  }

  @Override
  public void close() {
    mount.close();
  }
}
