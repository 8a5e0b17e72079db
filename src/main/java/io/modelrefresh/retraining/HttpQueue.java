package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Server;
import io.modelrefresh.request.Excerpt;
import io.modelrefresh.request.RequestHeaders;
import io.modelrefresh.request.RequestPath;
import io.modelrefresh.request.RequestTemplate;
import io.modelrefresh.request.RequestTemplate.Syntax;
import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Asks a server for each job by one HTTP request. The templates choose what is asked, never whom:
 * scheme, host and port are the configuration's, and redirects are not followed.
 */
final class HttpQueue implements RetrainingQueue {

  /** What is kept of an answer: it is only for people to read. */
  private static final int MAX_BODY_BYTES = 16 * 1024;

  private final HttpClient client;
  private final Http settings;
  private final Optional<Uni<String>> token;
  private final Map<String, String> headers;
  private final RequestTemplate path;
  private final RequestTemplate body;

  /**
   * @param token read for each request
   * @param key the configuration key of the request
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  HttpQueue(HttpClient client, Http settings, Optional<Uni<String>> token, String key) {
    this.client = client;
    this.settings = settings;
    this.token = token;
    headers = RequestHeaders.of(settings.headers(), true, key);
    path = new RequestTemplate(settings.path(), key + ".url", Syntax.PATH);
    body = new RequestTemplate(settings.body(), key + ".body", Syntax.of(headers, key));
  }

  /**
   * Tries the templates with samples.
   *
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  void check(String model) {
    for (RetrainingJob sample : SampleJobs.harmless(model)) {
      path.renderPath(sample.variables());
      body.render(sample.variables());
    }
  }

  private record Answer(int status, String body) {

    /** As if the server had not repeated the text, which is a secret. */
    Answer without(String secret) {
      return new Answer(status, body.replace(secret, "..."));
    }

    String description() {
      String said = Excerpt.of(body);
      return said.isEmpty() ? Integer.toString(status) : status + ": " + said;
    }
  }

  @Override
  public Uni<Enqueued> enqueue(RetrainingJob job) {
    return Uni.createFrom()
        .deferred(() -> send(job))
        .ifNoItem()
        .after(settings.timeout())
        .failWith(
            () ->
                new IllegalStateException(
                    "no answer within " + settings.timeout().toMillis() + " ms"))
        .onFailure(failure -> !(failure instanceof EnqueueFailedException))
        .transform(
            failure -> new EnqueueFailedException(Kind.UNAVAILABLE, server() + said(failure)))
        .map(this::enqueued);
  }

  private static String said(Throwable failure) {
    return Excerpt.of(failure.getMessage() == null ? failure.toString() : failure.getMessage());
  }

  private Enqueued enqueued(Answer answer) {
    if (settings.duplicateStatuses().contains(answer.status())) {
      return Enqueued.duplicate();
    }
    boolean accepted =
        settings.acceptedStatuses().isEmpty()
            ? answer.status() >= 200 && answer.status() <= 299
            : settings.acceptedStatuses().contains(answer.status());
    if (accepted) {
      return settings.tellsDuplicates() ? Enqueued.created() : Enqueued.taken();
    }
    String said = server() + "answered " + answer.description();
    throw switch (answer.status()) {
      case 401, 403 ->
          new EnqueueFailedException(
              Kind.FORBIDDEN, said + "; look at the authentication, and what the account may do");
      case 400, 422 -> new EnqueueFailedException(Kind.INVALID, said + "; look at url and body");
      default -> new EnqueueFailedException(Kind.UNAVAILABLE, said);
    };
  }

  private String server() {
    Server server = settings.server();
    return "%s://%s:%d: ".formatted(server.scheme(), server.host(), server.port());
  }

  private Uni<Answer> send(RetrainingJob job) {
    RequestPath target;
    String content;
    try {
      target = path.renderPath(job.variables());
      content = body.render(job.variables());
    } catch (IllegalArgumentException e) {
      throw new EnqueueFailedException(Kind.INVALID, e.getMessage());
    }
    return token
        .map(
            read ->
                read.chain(
                    secret ->
                        send(target, content, with(job, "authorization", "Bearer " + secret))
                            .map(answer -> answer.without(secret))))
        .orElseGet(() -> send(target, content, with(job)));
  }

  private Map<String, String> with(RetrainingJob job, String... more) {
    Map<String, String> all = new LinkedHashMap<>(headers);
    job.cause().traceparent().ifPresent(trace -> all.put("traceparent", trace));
    if (more.length == 2) {
      all.put(more[0], more[1]);
    }
    return all;
  }

  private Uni<Answer> send(RequestPath target, String content, Map<String, String> all) {
    RequestOptions options =
        new RequestOptions()
            .setMethod(HttpMethod.valueOf(settings.method()))
            .setSsl(settings.server().scheme().equals("https"))
            .setHost(settings.server().host())
            .setPort(settings.server().port())
            .setURI(target.value())
            .setTimeout(settings.timeout().toMillis())
            .setFollowRedirects(false);
    all.forEach(options::putHeader);
    return Uni.createFrom()
        .completionStage(
            () ->
                client
                    .request(options)
                    // Within one another, so on the event loop: a body that nobody listens to when
                    // it comes is lost.
                    .compose(
                        request -> request.send(Buffer.buffer(content)).compose(HttpQueue::answer))
                    .toCompletionStage());
  }

  private static Future<Answer> answer(HttpClientResponse response) {
    Buffer body = Buffer.buffer();
    response.handler(
        part ->
            body.appendBuffer(part, 0, Math.min(part.length(), MAX_BODY_BYTES - body.length())));
    return response.end().map(end -> new Answer(response.statusCode(), body.toString()));
  }
}
