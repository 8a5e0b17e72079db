package io.modelrefresh.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Says why a request is refused whose body is larger than the limit, and soon closes the
 * connection, so that it need not be sent. What is sent until then is read, since to close a
 * connection with bytes unread takes the answer from the sender, too (RFC 9112, section 9.6).
 * Quarkus itself, which comes after this, says nothing: neither here nor to one that does not tell
 * its length and turns out too large, which gets its bare 413.
 */
@ApplicationScoped
class RequestLimit {

  private static final String KEY = "quarkus.http.limits.max-body-size";

  /** Just before {@code RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT} of Quarkus. */
  private static final int BEFORE_THE_LIMIT_OF_QUARKUS = -3;

  private static final long LINGER_MILLIS = 2_000;

  private final Vertx vertx;
  private final byte[] problem;
  private final long limit;

  RequestLimit(@ConfigProperty(name = KEY) MemorySize limit, ObjectMapper json, Vertx vertx)
      throws JsonProcessingException {
    this.vertx = vertx;
    this.limit = limit.asLongValue();
    this.problem =
        json.writeValueAsBytes(
            Problem.response(
                    Response.Status.REQUEST_ENTITY_TOO_LARGE,
                    "expected a body of at most %d bytes (%s)".formatted(this.limit, KEY))
                .getEntity());
  }

  void guard(@Observes Router router) {
    router.route().order(BEFORE_THE_LIMIT_OF_QUARKUS).handler(this::check);
  }

  private void check(RoutingContext exchange) {
    String length = exchange.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null || Long.parseLong(length) <= limit) {
      exchange.next();
      return;
    }
    HttpConnection connection = exchange.request().connection();
    exchange
        .response()
        .setStatusCode(Response.Status.REQUEST_ENTITY_TOO_LARGE.getStatusCode())
        .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
        .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
        .end(Buffer.buffer(problem));
    exchange.request().handler(ignored -> {}).endHandler(end -> connection.close()).resume();
    vertx.setTimer(LINGER_MILLIS, end -> connection.close());
  }
}
