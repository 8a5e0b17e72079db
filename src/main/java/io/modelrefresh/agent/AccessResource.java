package io.modelrefresh.agent;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.Optional;
import org.jboss.resteasy.reactive.ResponseHeader;

/** Tells whoever asks what they may do, so that the page offers nothing that would be refused. */
@Path("/v1/access")
@Produces(MediaType.APPLICATION_JSON)
public class AccessResource {

  private final Operators operators;

  AccessResource(Operators operators) {
    this.operators = operators;
  }

  /**
   * What the asker may do.
   *
   * @param mayChange whether a request like this one that changes something is let in
   * @param byToken whether that depends on the operators' token
   */
  record Access(boolean mayChange, boolean byToken) {}

  /** A token that is wrong, or cannot be checked, is answered as a change would be. */
  @GET
  @ResponseHeader(name = HttpHeaders.CACHE_CONTROL, value = "no-store")
  public Uni<Access> access(@HeaderParam(HttpHeaders.AUTHORIZATION) Optional<String> shown) {
    boolean byToken = operators.haveToken();
    if (byToken && shown.isEmpty()) {
      return Uni.createFrom().item(new Access(false, true));
    }
    return operators
        .refusal(shown)
        .map(
            refusal -> {
              if (byToken && refusal.isPresent()) {
                throw new WebApplicationException(refusal.get());
              }
              return new Access(refusal.isEmpty(), byToken);
            });
  }
}
