package io.modelrefresh.agent;

import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeTriton;
import io.modelrefresh.update.Seeds;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Many models on many servers: {@code models} of them, spread over {@code groups} of model servers,
 * each of {@code replicas} servers on loopback that serve the group's models, evenly, or, if {@code
 * crowded}, one a group and all others by the last; two groups of ten speak Triton's protocol, two
 * an HTTP of their own, the others open-inference. Each model consumes one to three of {@code
 * views} feature views, drawn at random.
 */
public final class ServerFarm implements QuarkusTestResourceLifecycleManager {

  /**
   * A model of the farm.
   *
   * @param servers its replicas
   */
  record FarmModel(String name, List<String> views, List<FakeModelServer> servers) {}

  /** Of everything drawn at random, here and in the tests. */
  static final long SEED = Seeds.next();

  private static List<FarmModel> models = List.of();
  private static List<List<FakeModelServer>> groups = List.of();

  private int size;
  private int groupCount;
  private int replicas;
  private boolean crowded;
  private int views;
  private String quietPeriod;
  private String maxWait;

  /** The farm of the application that runs now. */
  static List<FarmModel> models() {
    return models;
  }

  /** The servers, by group. */
  static List<List<FakeModelServer>> groups() {
    return groups;
  }

  @Override
  public void init(Map<String, String> arguments) {
    size = Integer.parseInt(arguments.get("models"));
    groupCount = Integer.parseInt(arguments.get("groups"));
    replicas = Integer.parseInt(arguments.get("replicas"));
    crowded = Boolean.parseBoolean(arguments.get("crowded"));
    views = Integer.parseInt(arguments.get("views"));
    quietPeriod = arguments.get("quiet-period");
    maxWait = arguments.get("max-wait");
  }

  @Override
  public Map<String, String> start() {
    Random random = new Random(SEED);
    groups =
        IntStream.range(0, groupCount)
            .mapToObj(
                group -> IntStream.range(0, replicas).mapToObj(i -> startServer(group)).toList())
            .toList();
    List<FarmModel> farm = new ArrayList<>();
    Map<String, String> configuration = new HashMap<>();
    for (int i = 0; i < size; i++) {
      int group = crowded ? Math.min(i, groupCount - 1) : i % groupCount;
      FarmModel model = new FarmModel("m" + i, viewsOf(i, random), groups.get(group));
      farm.add(model);
      model
          .servers()
          .forEach(
              server ->
                  server
                      .model(model.name())
                      .loadRoute("POST", "/reload/" + model.name(), model.name())
                      .readyRoute("/health/" + model.name(), model.name()));
      configure(model, protocol(group), configuration);
    }
    // Longer than a test: a resync begins rollouts that no update asked for.
    configuration.put("model-refresh.resync-interval", "10m");
    models = Collections.unmodifiableList(farm);
    return configuration;
  }

  private static FakeModelServer startServer(int group) {
    return (protocol(group).equals("triton") ? FakeTriton.start() : FakeModelServer.start())
        .withoutRecording();
  }

  private static String protocol(int group) {
    return switch (group % 10) {
      case 0, 1 -> "triton";
      case 2, 3 -> "http";
      default -> "open-inference";
    };
  }

  /** Every view has a model, as far as there are models enough. */
  private List<String> viewsOf(int model, Random random) {
    TreeSet<String> drawn = new TreeSet<>();
    drawn.add("v" + model % views);
    if (size > views) {
      for (int more = random.nextInt(3); more > 0; more--) {
        drawn.add("v" + random.nextInt(views));
      }
    }
    return List.copyOf(drawn);
  }

  private void configure(FarmModel model, String protocol, Map<String, String> configuration) {
    String key = "model-refresh.models." + model.name() + ".";
    configuration.put(key + "feature-views", String.join(",", model.views()));
    configuration.put(key + "server.protocol", protocol);
    configuration.put(
        key + "server.replicas",
        model.servers().stream().map(FakeModelServer::address).collect(Collectors.joining(",")));
    configuration.put(key + "server.timeout", "2s");
    if (protocol.equals("http")) {
      configuration.put(key + "server.http.path", "/reload/{model}");
      configuration.put(key + "server.http.ready-path", "/health/{model}");
    }
    configuration.put(key + "refresh.on-start", "never");
    configuration.put(key + "refresh.quiet-period", quietPeriod);
    configuration.put(key + "refresh.max-wait", maxWait);
  }

  @Override
  public void stop() {
    groups.forEach(servers -> servers.forEach(server -> server.heal().close()));
    groups = List.of();
    models = List.of();
  }
}
