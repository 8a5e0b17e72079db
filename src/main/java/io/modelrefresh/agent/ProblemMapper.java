package io.modelrefresh.agent;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Makes every error of the HTTP API a problem document. */
class ProblemMapper {

  private static final Logger LOG = Logger.getLogger(ProblemMapper.class);

  @ServerExceptionMapper
  Response map(WebApplicationException exception) {
    Response response = exception.getResponse();
    return response.hasEntity()
        ? response
        : Problem.response(
            response.getStatus(),
            response.getStatusInfo().getReasonPhrase(),
            exception.getMessage());
  }

  @ServerExceptionMapper
  Response map(RuntimeException exception) {
    LOG.error("The HTTP API failed", exception);
    return Problem.response(Response.Status.INTERNAL_SERVER_ERROR, "the agent's log has the cause");
  }
}
