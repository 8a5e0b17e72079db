package io.modelrefresh.serving;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import io.modelrefresh.request.Excerpt;
import io.modelrefresh.request.RequestPath;
import io.modelrefresh.serving.ServerAnswer.Accepted;
import io.modelrefresh.serving.ServerAnswer.Declined;
import io.smallrye.mutiny.Uni;
import java.util.Optional;

/**
 * A server whose word that it is ready is not enough: it must also answer a configured request,
 * usually an inference. Asked again until the model's timeout is over, as readiness is.
 */
final class SmokeCheckedServer implements ModelServer {

  private final ModelServer server;
  private final ReplicaRequest request;
  private final Optional<JsonPointer> pointer;

  /**
   * @param key the configuration key of the check, such as {@code
   *     model-refresh.models.fraud.server.smoke-check}
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  SmokeCheckedServer(ModelServer server, SmokeCheck check, String key) {
    this.server = server;
    pointer = check.jsonPointer();
    RequestPath path;
    try {
      path = new RequestPath(check.path());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ".path: " + e.getMessage(), e);
    }
    request =
        check
            .body()
            .map(body -> ReplicaRequest.postJson(path, body))
            .orElseGet(() -> ReplicaRequest.get(path));
  }

  @Override
  public Uni<ServerAnswer> load(ReplicaClient replica, LoadRequest load) {
    return server.load(replica, load);
  }

  @Override
  public Uni<ServerAnswer> ready(ReplicaClient replica, LoadRequest load) {
    return server
        .ready(replica, load)
        .chain(
            answer ->
                answer instanceof Declined
                    ? Uni.createFrom().item(answer)
                    : replica.send(request).map(this::judge));
  }

  @Override
  public Uni<ObservedWatermark> observed(ReplicaClient replica) {
    return server.observed(replica);
  }

  private ServerAnswer judge(ReplicaResponse response) {
    if (response.status() != 200) {
      return declined(response.description());
    }
    if (pointer.isEmpty()) {
      return new Accepted();
    }
    try {
      return TemplateData.JSON.readTree(response.body()).at(pointer.get()).isMissingNode()
          ? declined("200 without " + pointer.get() + ": " + Excerpt.of(response.body()))
          : new Accepted();
    } catch (JsonProcessingException e) {
      return declined("200, but no JSON: " + Excerpt.of(response.body()));
    }
  }

  private Declined declined(String answer) {
    return new Declined("the smoke check " + request + " answered " + answer);
  }
}
