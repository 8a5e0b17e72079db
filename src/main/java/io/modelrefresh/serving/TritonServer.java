package io.modelrefresh.serving;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelrefresh.request.Excerpt;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.request.RequestPath;
import io.modelrefresh.serving.ServerAnswer.Accepted;
import io.modelrefresh.serving.ServerAnswer.Declined;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Optional;

/**
 * NVIDIA Triton with {@code --model-control-mode=explicit} (public documents: Triton's "Model
 * Repository Extension" and "Model Configuration Extension").
 *
 * <p>Triton answers a load of a model whose files did not change with success, and does nothing. It
 * does load when it is sent a configuration that differs from the one in force. So each load sends
 * the configuration with a parameter {@value #PARAMETER} of the load's own, and reads it back: a
 * load is believed only when the model shows the mark that was sent. The mark stays with the
 * replica, so it tells the observed watermark after the agent was restarted.
 *
 * <p>Where the configuration comes from:
 *
 * <table>
 * <caption>What is sent</caption>
 * <tr><th>{@code config-file}</th><th>{@code GET config}</th><th>then</th></tr>
 * <tr><td>set</td><td>not asked</td><td>the file is sent, marked</td></tr>
 * <tr><td>none</td><td>2xx</td><td>the answer is sent, marked</td></tr>
 * <tr><td>none</td><td>400, 404: not loaded</td><td>a plain load from the model directory, then as
 *     above</td></tr>
 * <tr><td>none</td><td>anything else</td><td>declined</td></tr>
 * </table>
 *
 * <p>Limit: what was sent stands in for the {@code config.pbtxt} of the model directory from the
 * first refresh until the replica is started again, so later edits of that file are masked. {@code
 * config-file} names a configuration to be sent instead, whose edits do take effect.
 */
final class TritonServer implements ModelServer {

  /** The parameter in the model's configuration that carries the mark. */
  static final String PARAMETER = "feature_refresh_watermark";

  private static final String MARK = "/parameters/" + PARAMETER + "/string_value";

  /** A load answers once it is done; what serves may be a moment behind. Below a second in all. */
  private static final int LOOKS_AFTER_LOAD = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(200);

  private final OpenInferenceServer repository;
  private final Optional<MountedFile> configFile;
  private final ReplicaRequest readConfig;
  private final RequestPath load;

  TritonServer(String modelName, Optional<MountedFile> configFile) {
    this.configFile = configFile;
    String model = RequestPath.escaped(modelName);
    repository = new OpenInferenceServer(modelName);
    readConfig = ReplicaRequest.get(new RequestPath("/v2/models/" + model + "/config"));
    load = new RequestPath("/v2/repository/models/" + model + "/load");
  }

  @Override
  public Uni<ServerAnswer> load(ReplicaClient replica, LoadRequest request) {
    String mark = ObservedWatermark.mark(request);
    return config(replica, request)
        .map(config -> ReplicaRequest.postJson(load, marked(config, mark)))
        .chain(
            marked ->
                replica
                    .send(marked)
                    .invoke(response -> require(response.successful(), marked, response))
                    .chain(() -> marked(replica, mark)))
        .onFailure(Refusal.class)
        .recoverWithItem(refusal -> new Declined(refusal.getMessage()));
  }

  @Override
  public Uni<ServerAnswer> ready(ReplicaClient replica, LoadRequest request) {
    return repository.ready(replica, request);
  }

  @Override
  public Uni<ObservedWatermark> observed(ReplicaClient replica) {
    return replica
        .send(readConfig)
        .map(
            response ->
                isNotLoaded(response)
                    ? new ObservedWatermark.Nothing()
                    : ObservedWatermark.of(markOf(response)))
        .onFailure(Refusal.class)
        .recoverWithItem(refusal -> new ObservedWatermark.Unknown(refusal.getMessage()));
  }

  private Uni<ObjectNode> config(ReplicaClient replica, LoadRequest request) {
    if (configFile.isPresent()) {
      MountedFile file = configFile.get();
      return file.content()
          .map(
              text ->
                  object(text)
                      .orElseThrow(
                          () ->
                              file.unusable("expected a model configuration as one JSON object")));
    }
    return replica
        .send(readConfig)
        .chain(
            response ->
                isNotLoaded(response)
                    ? repository
                        .load(replica, request)
                        .invoke(TritonServer::require)
                        .chain(() -> replica.send(readConfig))
                    : Uni.createFrom().item(response))
        .map(this::configIn);
  }

  /** How Triton answers for a model that is in the repository, but not loaded; 400 before 2024. */
  private static boolean isNotLoaded(ReplicaResponse response) {
    return response.status() == 400 || response.status() == 404;
  }

  private ObjectNode configIn(ReplicaResponse response) {
    require(response.successful(), readConfig, response);
    return object(response.body())
        .orElseThrow(
            () ->
                new Refusal(
                    readConfig
                        + " answered no model configuration in its first "
                        + ReplicaHttp.MAX_BODY_BYTES
                        + " bytes: "
                        + response.description()));
  }

  private static Optional<ObjectNode> object(String json) {
    try {
      return TemplateData.JSON.readTree(json) instanceof ObjectNode object
              && (object.path("parameters").isObject() || !object.hasNonNull("parameters"))
          ? Optional.of(object)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** The body of a load: the configuration is JSON as text within JSON. */
  private static String marked(ObjectNode config, String mark) {
    config.withObjectProperty("parameters").putObject(PARAMETER).put("string_value", mark);
    ObjectNode body = TemplateData.JSON.createObjectNode();
    body.putObject("parameters").put("config", config.toString());
    return body.toString();
  }

  private Uni<ServerAnswer> marked(ReplicaClient replica, String mark) {
    return replica
        .send(readConfig)
        .<ServerAnswer>map(
            response -> {
              String found = markOf(response);
              if (!found.equals(mark)) {
                throw new Unchanged(
                    "POST %s answered success and changed nothing: %s has %s %s instead of %s"
                        .formatted(
                            load,
                            readConfig,
                            PARAMETER,
                            Excerpt.quoted(found),
                            Excerpt.quoted(mark)));
              }
              return new Accepted();
            })
        .onFailure(Unchanged.class)
        .retry()
        .withBackOff(FIRST_PAUSE, LONGEST_PAUSE)
        .atMost(LOOKS_AFTER_LOAD);
  }

  private String markOf(ReplicaResponse response) {
    return configIn(response).at(MARK).asText();
  }

  private static void require(boolean met, ReplicaRequest request, ReplicaResponse response) {
    if (!met) {
      throw new Refusal(request + " answered " + response.description());
    }
  }

  private static void require(ServerAnswer answer) {
    if (answer instanceof Declined declined) {
      throw new Refusal(declined.reason());
    }
  }

  /** Ends a load with what the replica answered. */
  private static class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Refusal(String reason) {
      super(reason, null, false, false);
    }
  }

  /** The load was answered with success, and what serves does not show it. */
  private static final class Unchanged extends Refusal {

    private static final long serialVersionUID = 1L;

    Unchanged(String reason) {
      super(reason);
    }
  }
}
