package io.modelrefresh.agent;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Makes every error of the HTTP API a problem document. */
class ProblemMapper {

  private static final Logger LOG = Logger.getLogger(ProblemMapper.class);

  @ServerExceptionMapper
  Response map(WebApplicationException exception) {
    Response response = exception.getResponse();
    if (response.hasEntity()) {
      return response;
    }
    String detail =
        exception.getCause() instanceof JacksonException unread
            ? "expected JSON, and numbers no larger than they may be, in the body; not so at "
                + place(unread)
            : exception.getMessage();
    return Problem.response(
        response.getStatus(), response.getStatusInfo().getReasonPhrase(), detail);
  }

  /** JSON, and not of the shape the request needs. Jackson's own message repeats what was sent. */
  @ServerExceptionMapper
  Response map(MismatchedInputException exception) {
    return Problem.response(
        Response.Status.BAD_REQUEST,
        "%s: expected %s, at %s"
            .formatted(field(exception), kind(exception.getTargetType()), place(exception)));
  }

  /** A field that came again when the object was made already: Jackson knows no place for it. */
  @ServerExceptionMapper
  Response map(InvalidDefinitionException exception) {
    return Problem.response(
        Response.Status.BAD_REQUEST,
        "%s: expected once, at %s".formatted(field(exception), place(exception)));
  }

  private static String field(JsonMappingException exception) {
    String field =
        exception.getPath().stream().map(Reference::getFieldName).collect(Collectors.joining("."));
    return field.isEmpty() ? "body" : field;
  }

  private static String kind(Class<?> expected) {
    if (expected == Integer.class) {
      return "a whole number";
    }
    return expected == Duration.class ? "an ISO 8601 duration such as PT24H" : "a JSON object";
  }

  private static String place(JacksonException exception) {
    JsonLocation at = exception.getLocation();
    return at == null
        ? "its end"
        : "line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
  }

  @ServerExceptionMapper
  Response map(RuntimeException exception) {
    LOG.error("The HTTP API failed", exception);
    return Problem.response(Response.Status.INTERNAL_SERVER_ERROR, "the agent's log has the cause");
  }
}
