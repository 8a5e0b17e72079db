package io.modelrefresh.agent;

import io.modelrefresh.refresh.Lanes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;

/** Shows every model: what is desired, what each replica has, what is pending and why. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
public class ModelsResource {

  private final Lanes lanes;

  ModelsResource(Lanes lanes) {
    this.lanes = lanes;
  }

  @GET
  public List<ModelView> models() {
    return lanes.statuses().stream().map(ModelView::of).toList();
  }

  @GET
  @Path("/{model}")
  public ModelView model(String model) {
    return lanes
        .status(model)
        .map(ModelView::of)
        .orElseThrow(
            () ->
                Problem.exception(
                    Response.Status.NOT_FOUND, "the catalog has no model \"" + model + "\""));
  }
}
