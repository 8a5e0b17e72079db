package io.modelrefresh.pubsub;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import java.util.Optional;

/**
 * Where the Pub/Sub server is and who calls it. Another CDI bean of this type takes the place of
 * the default, which follows {@code quarkus.google.cloud.*}.
 *
 * <p>Asked on any thread but an event loop, more than once: every answer may do input and output.
 */
public interface PubSubServer {

  /** The project of topics and subscriptions that name none. */
  String projectId();

  CredentialsProvider credentials();

  /**
   * How to reach an emulator; empty for the real service. Either an {@code
   * InstantiatingGrpcChannelProvider}, whose channels the connector closes, or a {@code
   * FixedTransportChannelProvider}: then always of the same channel, which the bean closes.
   */
  Optional<TransportChannelProvider> channel();
}
