package io.modelrefresh.serving;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Triton under explicit model control, by its public documents ("Model Repository Extension",
 * "Model Configuration Extension", "Model Management"), with every fault of {@link
 * FakeModelServer}:
 *
 * <ul>
 *   <li>a load without a configuration does nothing, successfully, unless the files in the model
 *       directory changed, the model is not loaded, or a configuration sent before is in force;
 *   <li>a load with a configuration reloads if it differs from the one in force, and takes over
 *       instance groups and version policy without a reload;
 *   <li>the configuration in force, completed with defaults, can be read while the model is loaded;
 *   <li>errors are 400 with {@code {"error": "..."}};
 *   <li>a restart forgets the configurations that were sent.
 * </ul>
 */
public final class FakeTriton extends FakeModelServer {

  private static final Pattern CONFIG = Pattern.compile("GET /v2/models/([^/]+)/config");
  private static final Pattern READY = Pattern.compile("GET /v2/models/([^/]+)/ready");

  private static final class TritonModel {
    JsonObject directory;
    JsonObject inForce;
    boolean filesChanged;
    boolean swapped;
    int reloads;
    int readsUntilShown;
    JsonObject shownMeanwhile;

    TritonModel(JsonObject directory) {
      this.directory = directory;
      this.inForce = directory;
    }
  }

  private final Map<String, TritonModel> tritons = new HashMap<>();
  private boolean explicit = true;
  private boolean ignoresConfigurations;
  private int readsUntilShown;
  private int notLoadedStatus = 400;
  private Optional<Integer> configFault = Optional.empty();
  private boolean configHangs;

  private FakeTriton(String host, int port) {
    super(host, port);
  }

  public static FakeTriton start() {
    return start("127.0.0.1", 0);
  }

  /** See {@link FakeModelServer#start(String, int)}. */
  public static FakeTriton start(String host, int port) {
    FakeTriton fake = new FakeTriton(host, port);
    fake.startAgain();
    return fake;
  }

  /** Adds a model that is loaded, with a small configuration. */
  @Override
  public synchronized FakeTriton model(String name) {
    return model(
        name,
        new JsonObject()
            .put("name", name)
            .put("backend", "python")
            .put("max_batch_size", 8)
            .put("parameters", new JsonObject().put("EXECUTION_ENV", stringValue("env.tar.gz"))));
  }

  /** Adds a model that is loaded, with this {@code config.pbtxt}, as JSON. */
  public synchronized FakeTriton model(String name, JsonObject config) {
    super.model(name);
    tritons.put(name, new TritonModel(config));
    return this;
  }

  /** Triton's own default, {@code --model-control-mode=none}: loads are refused. */
  public synchronized FakeTriton withoutExplicitControl() {
    explicit = false;
    return this;
  }

  /** Every load succeeds and changes nothing, as by a proxy that drops what is in the body. */
  public synchronized FakeTriton ignoreConfigurations() {
    ignoresConfigurations = true;
    return this;
  }

  @Override
  public FakeTriton heal() {
    synchronized (this) {
      explicit = true;
      ignoresConfigurations = false;
      readsUntilShown = 0;
      configFault = Optional.empty();
      configHangs = false;
    }
    super.heal();
    return this;
  }

  /** After a load, the former configuration is shown for so many reads more. */
  public synchronized FakeTriton shownAfterReads(int reads) {
    readsUntilShown = reads;
    return this;
  }

  /** The status of an answer about a model that is not loaded: 400 of old, 404 of newer ones. */
  public synchronized FakeTriton notLoadedStatus(int status) {
    notLoadedStatus = status;
    return this;
  }

  /** Reading a configuration is answered with this status from now on. */
  public synchronized FakeTriton failConfigReads(int status) {
    configFault = Optional.of(status);
    return this;
  }

  /** Reading a configuration is never answered from now on. */
  public synchronized FakeTriton hangConfigReads() {
    configHangs = true;
    return this;
  }

  /** Somebody edits {@code config.pbtxt}. */
  public synchronized FakeTriton edit(String model, JsonObject config) {
    tritons.get(model).directory = config;
    tritons.get(model).filesChanged = true;
    return this;
  }

  /** How often the model was really loaded anew. */
  public synchronized int reloads(String model) {
    return tritons.get(model).reloads;
  }

  /** The configuration in force. */
  public synchronized JsonObject config(String model) {
    return tritons.get(model).inForce.copy();
  }

  private static JsonObject stringValue(String text) {
    return new JsonObject().put("string_value", text);
  }

  @Override
  public void startAgain() {
    synchronized (this) {
      tritons.values().forEach(model -> model.inForce = model.directory);
    }
    super.startAgain();
  }

  @Override
  synchronized boolean routed(HttpServerRequest request, String call, String body) {
    Matcher config = CONFIG.matcher(call);
    if (config.matches() && configHangs) {
      return true;
    }
    if (config.matches() && configFault.isPresent()) {
      error(request, configFault.get(), "scripted failure");
      return true;
    }
    if (config.matches()) {
      readConfig(request, config.group(1));
      return true;
    }
    Matcher ready = READY.matcher(call);
    if (ready.matches() && !isLoaded(ready.group(1))) {
      request.response().setStatusCode(400).end();
      return true;
    }
    if (call.equals("POST /v2/repository/index")) {
      index(request, body);
      return true;
    }
    return false;
  }

  private void readConfig(HttpServerRequest request, String name) {
    if (!isLoaded(name)) {
      error(request, notLoadedStatus, "Request for unknown model: '" + name + "' is not found");
      return;
    }
    TritonModel model = tritons.get(name);
    JsonObject shown = model.readsUntilShown-- > 0 ? model.shownMeanwhile : model.inForce;
    JsonObject completed = shown.copy();
    if (!completed.containsKey("version_policy")) {
      completed.put(
          "version_policy",
          new JsonObject().put("latest", new JsonObject().put("num_versions", 1)));
    }
    answer(request, 200, completed);
  }

  /** Models that were never loaded, or were unloaded, have no version that is ready. */
  private void index(HttpServerRequest request, String body) {
    boolean readyOnly = !body.isBlank() && new JsonObject(body).getBoolean("ready", false);
    JsonArray index = new JsonArray();
    tritons.keySet().stream()
        .sorted()
        .forEach(
            name -> {
              if (isLoaded(name)) {
                index.add(
                    new JsonObject().put("name", name).put("version", "1").put("state", "READY"));
              } else if (!readyOnly) {
                index.add(new JsonObject().put("name", name));
              }
            });
    request.response().putHeader("Content-Type", "application/json").end(index.encode());
  }

  @Override
  Optional<String> refusal(String name, String body) {
    if (!explicit) {
      return Optional.of("explicit model load / unload is not allowed if polling is enabled");
    }
    TritonModel model = tritons.get(name);
    model.swapped = false;
    JsonObject request;
    Object sent;
    try {
      request = body.isBlank() ? new JsonObject() : new JsonObject(body);
      sent = request.getJsonObject("parameters", new JsonObject()).getValue("config");
    } catch (DecodeException | ClassCastException e) {
      return Optional.of("failed to parse the request JSON buffer");
    }
    if (sent == null || ignoresConfigurations) {
      if (!isLoaded(name) || model.filesChanged || !model.inForce.equals(model.directory)) {
        swap(model, model.directory);
      }
      model.filesChanged = false;
      return Optional.empty();
    }
    return configured(name, model, sent);
  }

  private Optional<String> configured(String name, TritonModel model, Object sent) {
    if (!(sent instanceof String text)) {
      return Optional.of("attempt to access JSON non-string as string");
    }
    JsonObject config;
    try {
      config = new JsonObject(text);
    } catch (DecodeException e) {
      return Optional.of("failed to load '" + name + "', Invalid value in the config override");
    }
    if (!config.getString("name", name).equals(name)) {
      return Optional.of(
          "failed to load '" + name + "', unexpected directory name for model '" + name + "'");
    }
    if (isLoaded(name) && reloading(config).equals(reloading(model.inForce))) {
      model.inForce = config;
    } else {
      swap(model, config);
    }
    return Optional.empty();
  }

  private static JsonObject reloading(JsonObject config) {
    JsonObject copy = config.copy();
    copy.remove("instance_group");
    copy.remove("version_policy");
    return copy;
  }

  private void swap(TritonModel model, JsonObject config) {
    model.shownMeanwhile = model.inForce;
    model.readsUntilShown = readsUntilShown;
    model.inForce = config;
    model.swapped = true;
    model.reloads++;
  }

  @Override
  boolean tookEffect(String model) {
    return tritons.get(model).swapped;
  }
}
