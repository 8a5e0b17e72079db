package io.modelrefresh.agent;

import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.request.UnusableFileException;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets whoever shows the operators' token change something, and everybody look. Reading says
 * nothing but what metrics say; refreshing, pausing and replaying are for those who may.
 */
class OperatorFilter {

  private static final Logger LOG = Logger.getLogger(OperatorFilter.class);
  private static final Set<String> READING =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
  private static final String KEY = "model-refresh.api.token-file";
  private static final String BEARER = "Bearer ";

  private final boolean open;
  private final Optional<BearerToken> token;

  OperatorFilter(AgentConfig config, Vertx vertx) {
    open = config.api().open();
    token =
        config.api().tokenFile().map(file -> new BearerToken(new MountedFile(vertx, KEY, file)));
  }

  /** A response ends the request; none lets it go on. */
  @ServerRequestFilter(priority = Priorities.AUTHENTICATION)
  Uni<Response> authorize(ContainerRequestContext request) {
    if (open || READING.contains(request.getMethod())) {
      return Uni.createFrom().nullItem();
    }
    if (token.isEmpty()) {
      return Uni.createFrom()
          .item(
              Problem.response(
                  Response.Status.FORBIDDEN,
                  "nothing can be changed over HTTP: set "
                      + KEY
                      + " to a file with the token that operators show"));
    }
    String shown =
        Optional.ofNullable(request.getHeaderString(HttpHeaders.AUTHORIZATION))
            .filter(header -> header.regionMatches(true, 0, BEARER, 0, BEARER.length()))
            .map(header -> header.substring(BEARER.length()).strip())
            .orElse("");
    return token
        .get()
        .read()
        .map(expected -> same(expected, shown) ? null : unauthorized())
        .onFailure(UnusableFileException.class)
        .recoverWithItem(OperatorFilter::unusable);
  }

  /** Takes as long whatever is shown, so that its timing says nothing about the token. */
  private static boolean same(String expected, String shown) {
    return MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8), shown.getBytes(StandardCharsets.UTF_8));
  }

  private static Response unauthorized() {
    return Response.fromResponse(
            Problem.response(
                Response.Status.UNAUTHORIZED,
                "expected the token of " + KEY + " as Authorization: Bearer TOKEN"))
        .header(HttpHeaders.WWW_AUTHENTICATE, "Bearer")
        .build();
  }

  private static Response unusable(Throwable failure) {
    LOG.error(failure.getMessage());
    return Problem.response(
        Response.Status.SERVICE_UNAVAILABLE, "the agent's log says why the token cannot be read");
  }
}
