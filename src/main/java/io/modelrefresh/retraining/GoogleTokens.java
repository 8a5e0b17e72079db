package io.modelrefresh.retraining;

import com.google.auth.oauth2.GoogleCredentials;
import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.Optional;

/**
 * Access tokens of Google's application default credentials, which are found at the first request
 * and refreshed before they end. Thread-safe.
 */
final class GoogleTokens {

  private final Vertx vertx;
  private Optional<GoogleCredentials> credentials = Optional.empty();

  GoogleTokens(Vertx vertx) {
    this.vertx = vertx;
  }

  /** A token valid for some minutes at least; fails when there are no credentials. */
  Uni<String> token() {
    return Uni.createFrom()
        .completionStage(() -> vertx.executeBlocking(this::read, false).toCompletionStage());
  }

  private synchronized String read() throws IOException {
    if (credentials.isEmpty()) {
      credentials =
          Optional.of(
              GoogleCredentials.getApplicationDefault().createScoped(Authentication.Google.SCOPES));
    }
    credentials.get().refreshIfExpired();
    return credentials.get().getAccessToken().getTokenValue();
  }
}
