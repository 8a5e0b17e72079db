package io.modelrefresh.agent;

import io.modelrefresh.retraining.RecentJob;
import io.modelrefresh.retraining.Retraining;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Shows the retraining jobs this agent tried to enqueue lately, the newest first. */
@Path("/v1/retraining-jobs")
@Produces(MediaType.APPLICATION_JSON)
public class RetrainingJobsResource {

  private final Retraining retraining;

  RetrainingJobsResource(Retraining retraining) {
    this.retraining = retraining;
  }

  /** A job as it is shown. Times are RFC 3339. */
  record JobView(
      String job,
      String model,
      String reason,
      String detail,
      Instant window,
      List<String> featureViews,
      String queue,
      String outcome,
      Instant at,
      int attempts,
      Optional<String> problem) {

    static JobView of(RecentJob recent) {
      return new JobView(
          recent.job(),
          recent.model(),
          recent.reason().text(),
          recent.detail(),
          recent.window(),
          recent.featureViews(),
          recent.queue(),
          recent.outcome(),
          recent.at(),
          recent.attempts(),
          recent.problem());
    }
  }

  @GET
  public List<JobView> jobs() {
    return retraining.recentJobs().stream().map(JobView::of).toList();
  }
}
