package io.modelrefresh.agent;

import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.modelrefresh.request.UnusableFileException;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Who may change something over HTTP: everybody, whoever shows the operators' token, or nobody. */
@Singleton
class Operators {

  private static final Logger LOG = Logger.getLogger(Operators.class);
  private static final String KEY = "model-refresh.api.token-file";
  private static final String BEARER = "Bearer ";

  private final boolean open;
  private final Optional<BearerToken> token;

  Operators(AgentConfig config, Vertx vertx) {
    open = config.api().open();
    token =
        config.api().tokenFile().map(file -> new BearerToken(new MountedFile(vertx, KEY, file)));
  }

  /** Whether a token makes a difference: it does where not everybody may, and somebody may. */
  boolean haveToken() {
    return !open && token.isPresent();
  }

  /**
   * Why whoever shows this may change nothing; empty if they may.
   *
   * @param authorization the request's header, if it has one
   */
  Uni<Optional<Response>> refusal(Optional<String> authorization) {
    if (open) {
      return Uni.createFrom().item(Optional.empty());
    }
    if (token.isEmpty()) {
      return Uni.createFrom()
          .item(
              Optional.of(
                  Problem.response(
                      Response.Status.FORBIDDEN,
                      "nothing can be changed over HTTP: set "
                          + KEY
                          + " to a file with the token that operators show")));
    }
    String shown =
        authorization
            .filter(header -> header.regionMatches(true, 0, BEARER, 0, BEARER.length()))
            .map(header -> header.substring(BEARER.length()).strip())
            .orElse("");
    return token
        .get()
        .read()
        .map(
            expected ->
                same(expected, shown) ? Optional.<Response>empty() : Optional.of(unauthorized()))
        .onFailure(UnusableFileException.class)
        .recoverWithItem(failure -> Optional.of(unusable(failure)));
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
