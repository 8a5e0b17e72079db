package io.modelrefresh.agent;

import io.modelrefresh.leadership.Standing;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** What a standby would say of the models is not so, and what it were told it would not do. */
class StandbyFilter {

  private static final int RETRY_AFTER_SECONDS = 1;

  private final ActiveAgent agent;

  StandbyFilter(ActiveAgent agent) {
    this.agent = agent;
  }

  @ServerRequestFilter(priority = Priorities.AUTHENTICATION - 1)
  Optional<Response> refuse() {
    if (!(agent.standing() instanceof Standing.Standby standby)) {
      return Optional.empty();
    }
    String active =
        standby.holder().map(holder -> "ask " + holder).orElse("it is not known yet which is");
    return Optional.of(
        Response.fromResponse(
                Problem.response(
                    Response.Status.SERVICE_UNAVAILABLE,
                    "this agent stands by and is not the active one: " + active))
            .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS)
            .build());
  }
}
