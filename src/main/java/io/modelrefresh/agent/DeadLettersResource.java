package io.modelrefresh.agent;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Optional;

/** Publishes dead letters again, once what made them so is mended. */
@Path("/v1/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
public class DeadLettersResource {

  private static final int DEFAULT = 100;

  /** Long before Pub/Sub kept its first message. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private final DeadLetters deadLetters;

  DeadLettersResource(DeadLetters deadLetters) {
    this.deadLetters = deadLetters;
  }

  /**
   * Which dead letters to publish again.
   *
   * @param count how many at most, from 1 to 10,000; 100 unless said
   * @param maxAge only those dead-lettered no longer ago than this, ISO 8601; any unless said
   */
  record Selection(Optional<Integer> count, Optional<Duration> maxAge) {}

  @POST
  @Path("/replay")
  @Consumes(MediaType.APPLICATION_JSON)
  public Uni<DeadLetters.Replayed> replay(Selection selection) {
    if (selection == null) {
      throw Problem.exception(
          Response.Status.BAD_REQUEST, "expected a JSON object, such as {\"count\": 100}, or {}");
    }
    int count = selection.count().orElse(DEFAULT);
    if (count < 1 || count > DeadLetters.MOST) {
      throw Problem.exception(
          Response.Status.BAD_REQUEST,
          "count: expected 1 to " + DeadLetters.MOST + ", got " + count);
    }
    if (selection.maxAge().filter(age -> age.abs().compareTo(LONGEST) > 0).isPresent()) {
      throw Problem.exception(
          Response.Status.BAD_REQUEST,
          "max_age: expected at most " + LONGEST + ", got " + selection.maxAge().get());
    }
    return deadLetters
        .replay(count, selection.maxAge())
        .onFailure()
        .transform(
            failure ->
                Problem.exception(
                    Response.Status.SERVICE_UNAVAILABLE,
                    "the dead letters could not be read or published; none is lost: "
                        + failure.getMessage()));
  }
}
