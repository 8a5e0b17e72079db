package io.modelrefresh.demo;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One replica: what it has loaded, and its answers (public document: "Open Inference Protocol,
 * HTTP/ REST and Model Repository Extension"). {@code PUT /features/{view}} stands for a feature
 * pipeline's write and is no part of the protocol.
 */
final class DemoReplica {

  /** The features one model serves with. */
  private record Loaded(FeatureRow row, Instant at) {
    double feature() {
      return row.values().getOrDefault(DemoModelServer.FEATURE, 0.0);
    }
  }

  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Refused(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  private final String name;
  private final Map<String, String> featureViews;
  private final DemoFeatureStore store;
  private final Clock clock;
  private final Map<String, Loaded> loaded = new ConcurrentHashMap<>();

  DemoReplica(String name, Map<String, String> featureViews, DemoFeatureStore store, Clock clock) {
    this.name = name;
    this.featureViews = Map.copyOf(featureViews);
    this.store = store;
    this.clock = clock;
    featureViews.keySet().forEach(this::load);
  }

  void handle(HttpServerRequest request) {
    request
        .body()
        .onSuccess(
            body -> {
              try {
                answer(request, 200, route(request, body));
              } catch (Refused e) {
                answer(request, e.status, new JsonObject().put("error", e.getMessage()).toBuffer());
              } catch (RuntimeException e) {
                // Whatever the demo did not foresee is in what it was sent.
                answer(
                    request,
                    400,
                    new JsonObject().put("error", "not the request expected here").toBuffer());
              }
            });
  }

  private static void answer(HttpServerRequest request, int status, Buffer body) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .end(body);
  }

  private Buffer route(HttpServerRequest request, Buffer body) {
    List<String> path = List.of(request.path().substring(1).split("/"));
    String call = request.method() + " " + shape(path);
    return switch (call) {
      case "GET v2" -> server().toBuffer();
      case "GET v2/health/live", "GET v2/health/ready" -> new JsonObject().toBuffer();
      case "GET v2/models/*" -> metadata(known(path.get(2))).toBuffer();
      case "GET v2/models/*/ready" -> ready(path.get(2)).toBuffer();
      case "POST v2/models/*/infer" -> infer(path.get(2), new JsonObject(body)).toBuffer();
      case "POST v2/repository/index" -> index().toBuffer();
      case "POST v2/repository/models/*/load" -> {
        load(known(path.get(3)));
        yield new JsonObject().toBuffer();
      }
      case "POST v2/repository/models/*/unload" -> {
        loaded.remove(known(path.get(3)));
        yield new JsonObject().toBuffer();
      }
      case "PUT features/*" -> write(path.get(1), new JsonObject(body)).toBuffer();
      default ->
          throw new Refused(404, "no such route: " + request.method() + " " + request.path());
    };
  }

  /** The path with the name in it replaced by a star. */
  private static String shape(List<String> path) {
    int name = path.get(0).equals("features") ? 1 : path.size() > 1 ? nameAt(path) : -1;
    StringBuilder shape = new StringBuilder();
    for (int i = 0; i < path.size(); i++) {
      shape.append(i == 0 ? "" : "/").append(i == name ? "*" : path.get(i));
    }
    return shape.toString();
  }

  private static int nameAt(List<String> path) {
    return path.lastIndexOf("models") == -1 ? -1 : path.indexOf("models") + 1;
  }

  private static JsonObject server() {
    return new JsonObject()
        .put("name", "demo-model-server")
        .put("version", "1")
        .put("extensions", new JsonArray().add("model_repository"));
  }

  private String known(String model) {
    if (!featureViews.containsKey(model)) {
      throw new Refused(404, "no such model: " + model + "; there are " + featureViews.keySet());
    }
    return model;
  }

  private void load(String model) {
    FeatureRow row = store.read(featureViews.get(model), name + "/" + model);
    loaded.put(model, new Loaded(row, clock.instant()));
  }

  private Loaded serving(String model) {
    return Optional.ofNullable(loaded.get(known(model)))
        .orElseThrow(() -> new Refused(400, "model " + model + " is not loaded"));
  }

  private static JsonObject metadata(String model) {
    return new JsonObject()
        .put("name", model)
        .put("versions", new JsonArray().add("1"))
        .put("platform", "demo")
        .put("inputs", new JsonArray().add(tensor("input").put("shape", new JsonArray().add(-1))))
        .put("outputs", new JsonArray().add(tensor("score").put("shape", new JsonArray().add(-1))));
  }

  private static JsonObject tensor(String name) {
    return new JsonObject().put("name", name).put("datatype", "FP64");
  }

  private JsonObject ready(String model) {
    serving(model);
    return new JsonObject().put("name", model).put("ready", true);
  }

  private JsonArray index() {
    JsonArray index = new JsonArray();
    featureViews.keySet().stream()
        .sorted()
        .forEach(
            model ->
                index.add(
                    new JsonObject()
                        .put("name", model)
                        .put("version", "1")
                        .put("state", loaded.containsKey(model) ? "READY" : "UNAVAILABLE")
                        .put("reason", loaded.containsKey(model) ? "" : "unloaded")));
    return index;
  }

  private JsonObject infer(String model, JsonObject request) {
    Loaded features = serving(model);
    JsonArray inputs = request.getJsonArray("inputs");
    if (inputs == null
        || inputs.isEmpty()
        || inputs.getJsonObject(0).getJsonArray("data") == null) {
      throw new Refused(
          400,
          "expected {\"inputs\":[{\"name\":\"input\",\"shape\":[1],\"datatype\":\"FP64\","
              + "\"data\":[100]}]}");
    }
    JsonArray scores = new JsonArray();
    for (Object input : inputs.getJsonObject(0).getJsonArray("data")) {
      scores.add(score(((Number) input).doubleValue(), features.feature()));
    }
    JsonObject response = new JsonObject().put("model_name", model).put("model_version", "1");
    Optional.ofNullable(request.getValue("id")).ifPresent(id -> response.put("id", id));
    return response
        .put(
            "parameters",
            new JsonObject()
                .put("replica", name)
                .put("feature_view", featureViews.get(model))
                .put("features_version", features.row().version())
                .put("features_loaded_at", features.at().toString())
                .put(DemoModelServer.FEATURE, features.feature()))
        .put(
            "outputs",
            new JsonArray()
                .add(
                    tensor("score")
                        .put("shape", new JsonArray().add(scores.size()))
                        .put("data", scores)));
  }

  /** In decimal, so that 100 x 0.07 is what a person expects. */
  private static double score(double input, double feature) {
    return BigDecimal.valueOf(input)
        .multiply(BigDecimal.valueOf(feature), MathContext.DECIMAL64)
        .doubleValue();
  }

  private JsonObject write(String featureView, JsonObject values) {
    Map<String, Double> features = new HashMap<>();
    values.forEach(
        value -> features.put(value.getKey(), ((Number) value.getValue()).doubleValue()));
    FeatureRow row = store.put(featureView, features);
    return new JsonObject()
        .put("feature_view", featureView)
        .put("features_version", row.version())
        .put("values", new JsonObject(new HashMap<>(row.values())));
  }
}
