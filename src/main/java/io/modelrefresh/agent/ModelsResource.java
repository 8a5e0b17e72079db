package io.modelrefresh.agent;

import io.modelrefresh.refresh.LaneStatus;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.retraining.Retraining;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;

/** Shows every model: what is desired, what each replica has, what is pending and why. */
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
public class ModelsResource {

  private final Lanes lanes;
  private final Retraining retraining;

  ModelsResource(Lanes lanes, Retraining retraining) {
    this.lanes = lanes;
    this.retraining = retraining;
  }

  @GET
  public List<ModelView> models() {
    return lanes.statuses().stream().map(this::view).toList();
  }

  @GET
  @Path("/{model}")
  public ModelView model(String model) {
    return known(model, lanes.status(model));
  }

  /** Refreshes every replica once, whether or not an update asks for it. */
  @POST
  @Path("/{model}/refresh")
  public ModelView refresh(String model) {
    return known(model, lanes.refresh(model));
  }

  /** Starts no rollout until resumed or this process ends; updates are owed meanwhile. */
  @POST
  @Path("/{model}/pause")
  public ModelView pause(String model) {
    return known(model, lanes.pause(model));
  }

  /** Goes on, with one refresh whatever is owed. */
  @POST
  @Path("/{model}/resume")
  public ModelView resume(String model) {
    return known(model, lanes.resume(model));
  }

  private ModelView view(LaneStatus status) {
    return ModelView.of(status, retraining.status(status.model()));
  }

  private ModelView known(String model, Optional<LaneStatus> status) {
    return status
        .map(this::view)
        .orElseThrow(
            () ->
                Problem.exception(
                    Response.Status.NOT_FOUND, "the catalog has no model \"" + model + "\""));
  }
}
