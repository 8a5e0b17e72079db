package io.modelrefresh.serving;

import io.modelrefresh.request.Excerpt;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Optional;

/**
 * What a replica answered.
 *
 * @param location where a redirect points; never followed
 * @param body the first {@value ReplicaHttp#MAX_BODY_BYTES} bytes at most, as UTF-8
 */
record ReplicaResponse(int status, Optional<String> location, String body) {

  private static final String WITHHELD =
      "what the server said may repeat the update, so it is only logged, at level DEBUG";

  boolean successful() {
    return status >= 200 && status <= 299;
  }

  /** As if the server had not repeated the text, which is a secret, as it is or escaped in JSON. */
  ReplicaResponse without(String secret) {
    String said =
        error()
            .filter(decoded -> decoded.contains(secret))
            .map(decoded -> new JsonObject().put("error", decoded.replace(secret, "...")).encode())
            .orElseGet(() -> body.replace(secret, "..."));
    return new ReplicaResponse(status, location.map(to -> to.replace(secret, "...")), said);
  }

  /** As if the server had said nothing but the status: it may repeat what it was sent. */
  ReplicaResponse withheld() {
    return new ReplicaResponse(status, Optional.empty(), WITHHELD);
  }

  /** The status and what the server said about it, for a person. */
  String description() {
    if (status >= 300 && status <= 399) {
      return status
          + location.map(to -> " to " + Excerpt.quoted(to)).orElse("")
          + ", and redirects are not followed";
    }
    String said = Excerpt.of(error().orElse(body));
    return said.isEmpty() ? Integer.toString(status) : status + ": " + said;
  }

  /** The error body of the Open Inference Protocol, {@code {"error": "..."}}. */
  private Optional<String> error() {
    if (!body.stripLeading().startsWith("{")) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(new JsonObject(body).getValue("error")).map(Object::toString);
    } catch (DecodeException e) {
      return Optional.empty();
    }
  }
}
