package io.modelrefresh.serving;

import io.modelrefresh.request.RequestPath;
import io.smallrye.mutiny.Uni;

/**
 * The repository API of the Open Inference Protocol, as MLServer and KServe's Python server speak
 * it (public document: "Open Inference Protocol, Model Repository Extension"). A load of a model
 * that is loaded already loads it again.
 */
final class OpenInferenceServer implements ModelServer {

  private final ReplicaRequest load;
  private final ReplicaRequest ready;

  OpenInferenceServer(String modelName) {
    String model = RequestPath.escaped(modelName);
    load =
        ReplicaRequest.postJson(new RequestPath("/v2/repository/models/" + model + "/load"), "{}");
    ready = ReplicaRequest.get(new RequestPath("/v2/models/" + model + "/ready"));
  }

  @Override
  public Uni<ServerAnswer> load(ReplicaClient replica, LoadRequest request) {
    return answer(replica, load);
  }

  @Override
  public Uni<ServerAnswer> ready(ReplicaClient replica, LoadRequest request) {
    return answer(replica, ready);
  }

  private static Uni<ServerAnswer> answer(ReplicaClient replica, ReplicaRequest request) {
    return replica
        .send(request)
        .map(
            response ->
                response.successful()
                    ? new ServerAnswer.Accepted()
                    : new ServerAnswer.Declined(request + " answered " + response.description()));
  }
}
