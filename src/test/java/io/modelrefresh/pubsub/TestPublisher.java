package io.modelrefresh.pubsub;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import io.modelrefresh.emulator.EmbeddedPubSub;
import java.util.Optional;

/** A publisher to an emulator, without the connector and without CDI. */
public final class TestPublisher implements AutoCloseable {

  public static final String PROJECT = "test";

  private final PubSubClients clients;

  public TestPublisher(EmbeddedPubSub emulator) {
    clients =
        new PubSubClients(
            new PubSubServer() {
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
            });
  }

  public PubSubPublisher publisher() {
    return new PubSubPublisher(clients);
  }

  @Override
  public void close() {
    clients.close();
  }
}
