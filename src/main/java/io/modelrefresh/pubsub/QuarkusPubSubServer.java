package io.modelrefresh.pubsub;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.ServiceOptions;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import io.quarkiverse.googlecloudservices.common.GcpConfigHolder;
import io.quarkiverse.googlecloudservices.pubsub.PubSubConfiguration;
import io.quarkiverse.googlecloudservices.pubsub.QuarkusPubSub;
import io.quarkus.arc.DefaultBean;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/** The server that quarkus-google-cloud-pubsub's settings name. */
@DefaultBean
@Singleton
public class QuarkusPubSubServer implements PubSubServer {

  private final QuarkusPubSub pubSub;
  private final GcpConfigHolder google;
  private final PubSubConfiguration configuration;

  public QuarkusPubSubServer(
      QuarkusPubSub pubSub, GcpConfigHolder google, PubSubConfiguration configuration) {
    this.pubSub = pubSub;
    this.google = google;
    this.configuration = configuration;
  }

  @Override
  public String projectId() {
    return google
        .getBootstrapConfig()
        .projectId()
        .or(() -> Optional.ofNullable(ServiceOptions.getDefaultProjectId()))
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no Google Cloud project is known: set quarkus.google.cloud.project-id,"
                        + " or project-id on the channel"));
  }

  @Override
  public CredentialsProvider credentials() {
    try {
      return pubSub.subscriptionAdminSettings().getCredentialsProvider();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot find Google Cloud credentials", e);
    }
  }

  /**
   * Built here, not taken from {@link QuarkusPubSub}: its channel refuses responses over 4 MiB,
   * gRPC's default, and a StreamingPull response may be larger.
   */
  @Override
  public Optional<TransportChannelProvider> channel() {
    return configuration.emulatorHost().map(QuarkusPubSubServer::plaintext);
  }

  public static TransportChannelProvider plaintext(String hostAndPort) {
    return SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
        .setEndpoint(hostAndPort)
        .setChannelConfigurator(channel -> channel.usePlaintext())
        .build();
  }
}
