package io.modelrefresh.page;

import io.modelrefresh.agent.Problem;
import io.smallrye.mutiny.Multi;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jboss.resteasy.reactive.ResponseHeader;
import org.jboss.resteasy.reactive.RestStreamElementType;

/** Tells a viewer of the page what has changed, as server-sent events. */
@Path("/v1/events")
public class PageEventsResource {

  private final PageStream stream;

  PageEventsResource(PageStream stream) {
    this.stream = stream;
  }

  @GET
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @RestStreamElementType(MediaType.APPLICATION_JSON)
  @ResponseHeader(name = HttpHeaders.CACHE_CONTROL, value = "no-store")
  @ResponseHeader(name = "X-Accel-Buffering", value = "no")
  public Multi<PageEvent> events() {
    if (stream.isFull()) {
      throw Problem.exception(
          Response.Status.TOO_MANY_REQUESTS,
          "%d viewers watch already, which is the most: close one, or ask GET /v1/models"
              .formatted(PageStream.MOST_VIEWERS));
    }
    return stream.watch();
  }
}
