package io.modelrefresh.agent;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import java.util.Optional;

/**
 * A problem document (RFC 9457).
 *
 * @param type {@code about:blank}: the status says what kind of problem it is
 * @param title the status' reason phrase
 * @param status the HTTP status
 * @param detail what went wrong here, and what to do about it
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@RegisterForReflection // for native executables: no signature of the API names it
public record Problem(String type, String title, int status, Optional<String> detail) {

  static final String MEDIA_TYPE = "application/problem+json";

  static Response response(Response.Status status, String detail) {
    return response(status.getStatusCode(), status.getReasonPhrase(), detail);
  }

  static Response response(int status, String title, String detail) {
    Problem problem = new Problem("about:blank", title, status, Optional.ofNullable(detail));
    return Response.status(status).type(MEDIA_TYPE).entity(problem).build();
  }

  public static WebApplicationException exception(Response.Status status, String detail) {
    return new WebApplicationException(detail, response(status, detail));
  }
}
