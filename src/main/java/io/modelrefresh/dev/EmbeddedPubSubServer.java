package io.modelrefresh.dev;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import io.modelrefresh.emulator.EmbeddedPubSub;
import io.modelrefresh.pubsub.PubSubServer;
import io.modelrefresh.pubsub.QuarkusPubSubServer;
import java.util.Optional;

/** The embedded emulator, as the connector reaches it. */
final class EmbeddedPubSubServer implements PubSubServer {

  /** The project of everything in the embedded emulator. */
  static final String PROJECT = "dev";

  private final EmbeddedPubSub emulator;

  EmbeddedPubSubServer(EmbeddedPubSub emulator) {
    this.emulator = emulator;
  }

  String address() {
    return emulator.address();
  }

  @Override
  public String projectId() {
    return PROJECT;
  }

  @Override
  public CredentialsProvider credentials() {
    return NoCredentialsProvider.create();
  }

  @Override
  public Optional<TransportChannelProvider> channel() {
    return Optional.of(QuarkusPubSubServer.plaintext(emulator.address()));
  }
}
