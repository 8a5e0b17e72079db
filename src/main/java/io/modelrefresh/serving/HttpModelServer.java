package io.modelrefresh.serving;

import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.request.RequestHeaders;
import io.modelrefresh.request.RequestTemplate;
import io.modelrefresh.request.RequestTemplate.Syntax;
import io.smallrye.mutiny.Uni;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Any server that loads on some HTTP request of its own. The templates choose what is asked, never
 * whom: scheme, host and port are the replica's.
 */
final class HttpModelServer implements ModelServer {

  /** The one variable of {@link TemplateData} that carries anything of an update. */
  private static final String UPDATES = "updates";

  private final String modelName;
  private final String method;
  private final Map<String, String> headers;
  private final RequestTemplate path;
  private final Optional<RequestTemplate> body;
  private final Optional<RequestTemplate> readyPath;
  private final Set<Integer> acceptedStatuses;

  /**
   * @param key the configuration key of the request, such as {@code
   *     model-refresh.models.fraud.server.http}
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  HttpModelServer(String modelName, HttpRequestTemplate request, String key) {
    this.modelName = modelName;
    method = request.method();
    headers = RequestHeaders.of(request.headers(), request.body().isPresent(), key);
    path = new RequestTemplate(request.path(), key + ".path", Syntax.PATH);
    body =
        request
            .body()
            .map(text -> new RequestTemplate(text, key + ".body", Syntax.of(headers, key)));
    readyPath =
        request
            .readyPath()
            .map(text -> new RequestTemplate(text, key + ".ready-path", Syntax.PATH));
    acceptedStatuses = request.acceptedStatuses();
  }

  @Override
  public Uni<ServerAnswer> load(ReplicaClient replica, LoadRequest request) {
    ReplicaRequest load;
    try {
      Map<String, Object> data = new TemplateData(modelName, request).variables();
      load =
          new ReplicaRequest(
              method,
              path.renderPath(data),
              headers,
              body.map(text -> text.render(data)),
              shownInstead(path, body));
    } catch (IllegalArgumentException e) {
      return Uni.createFrom().item(new ServerAnswer.Declined(e.getMessage()));
    }
    return replica
        .send(load)
        .map(
            response ->
                acceptedStatuses.isEmpty() && response.successful()
                        || acceptedStatuses.contains(response.status())
                    ? new ServerAnswer.Accepted()
                    : new ServerAnswer.Declined(load + " answered " + response.description()));
  }

  @Override
  public Uni<ServerAnswer> ready(ReplicaClient replica, LoadRequest request) {
    if (readyPath.isEmpty()) {
      return Uni.createFrom().item(new ServerAnswer.Accepted());
    }
    ReplicaRequest ready;
    try {
      ready =
          new ReplicaRequest(
              "GET",
              readyPath.get().renderPath(new TemplateData(modelName, request).variables()),
              readyHeaders(),
              Optional.empty(),
              shownInstead(readyPath.get(), Optional.empty()));
    } catch (IllegalArgumentException e) {
      return Uni.createFrom().item(new ServerAnswer.Declined(e.getMessage()));
    }
    return replica
        .send(ready)
        .map(
            response ->
                response.successful()
                    ? new ServerAnswer.Accepted()
                    : new ServerAnswer.Declined(ready + " answered " + response.description()));
  }

  private static Optional<String> shownInstead(
      RequestTemplate path, Optional<RequestTemplate> body) {
    return path.mayUse(UPDATES) || body.filter(text -> text.mayUse(UPDATES)).isPresent()
        ? Optional.of(path.text())
        : Optional.empty();
  }

  /** The same, so that credentials reach it, less what described the body. */
  private Map<String, String> readyHeaders() {
    Map<String, String> ready = new LinkedHashMap<>(headers);
    ready.remove(RequestHeaders.CONTENT_TYPE);
    return ready;
  }
}
