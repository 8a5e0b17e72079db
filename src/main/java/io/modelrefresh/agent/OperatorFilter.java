package io.modelrefresh.agent;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import java.util.Set;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets operators change something, and everybody look. Reading says nothing but what metrics say;
 * refreshing, pausing and replaying are for those who may.
 */
class OperatorFilter {

  private static final Set<String> READING =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private final Operators operators;

  OperatorFilter(Operators operators) {
    this.operators = operators;
  }

  /** A response ends the request; none lets it go on. */
  @ServerRequestFilter(priority = Priorities.AUTHENTICATION)
  Uni<Response> authorize(ContainerRequestContext request) {
    if (READING.contains(request.getMethod())) {
      return Uni.createFrom().nullItem();
    }
    return operators
        .refusal(Optional.ofNullable(request.getHeaderString(HttpHeaders.AUTHORIZATION)))
        .map(refusal -> refusal.orElse(null));
  }
}
