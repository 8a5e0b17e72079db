package io.modelrefresh.pubsub;

import com.google.api.gax.grpc.GrpcTransportChannel;
import com.google.api.gax.grpc.InstantiatingGrpcChannelProvider;
import com.google.api.gax.rpc.FixedTransportChannelProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Sees the StreamingPull calls that Google's {@code Subscriber} makes, since its own state says
 * nothing about them: it is {@code RUNNING} while it retries a server that cannot be reached.
 * Written by gRPC's threads.
 */
final class StreamWatch implements ClientInterceptor {

  /** The service definition's name (google/pubsub/v1/pubsub.proto). */
  private static final String STREAMING_PULL = "google.pubsub.v1.Subscriber/StreamingPull";

  private final Runnable changed;
  private volatile boolean connected;
  private volatile boolean answered;
  private volatile Optional<Status> lastEnd = Optional.empty();

  /**
   * @param changed called after every change, on a gRPC thread
   */
  StreamWatch(Runnable changed) {
    this.changed = changed;
  }

  /** A connection is up and carries a stream that the server has not ended. */
  boolean isConnected() {
    return connected;
  }

  /** The server has accepted a stream: it sent something other than an end. */
  boolean hasAnswered() {
    return answered;
  }

  /** How the last stream ended, if one did. */
  Optional<Status> lastEnd() {
    return lastEnd;
  }

  /** The same channels, watched. */
  TransportChannelProvider watch(TransportChannelProvider provider) {
    if (provider instanceof InstantiatingGrpcChannelProvider instantiating) {
      return instantiating.toBuilder().setInterceptorProvider(() -> List.of(this)).build();
    }
    try {
      if (provider instanceof FixedTransportChannelProvider
          && provider.getTransportChannel() instanceof GrpcTransportChannel grpc
          && grpc.getChannel() instanceof ManagedChannel channel) {
        return FixedTransportChannelProvider.create(
            GrpcTransportChannel.create(new WatchedChannel(channel, this)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalArgumentException(
        "PubSubServer.channel(): expected an InstantiatingGrpcChannelProvider or a"
            + " FixedTransportChannelProvider of a gRPC channel, got "
            + provider.getClass().getName());
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    var call = next.newCall(method, options);
    if (!STREAMING_PULL.equals(method.getFullMethodName())) {
      return call;
    }
    return new SimpleForwardingClientCall<>(call) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(new Watcher<>(listener), headers);
      }
    };
  }

  private final class Watcher<A> extends SimpleForwardingClientCallListener<A> {

    Watcher(ClientCall.Listener<A> listener) {
      super(listener);
    }

    @Override
    public void onReady() {
      if (!connected) {
        connected = true;
        changed.run();
      }
      super.onReady();
    }

    @Override
    public void onHeaders(Metadata headers) {
      connected = true;
      answered = true;
      changed.run();
      super.onHeaders(headers);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      connected = false;
      lastEnd = Optional.of(status);
      changed.run();
      super.onClose(status, trailers);
    }
  }

  /** A channel somebody else owns, hence never shut down from here. */
  private static final class WatchedChannel extends ManagedChannel {

    private final ManagedChannel owned;
    private final Channel watched;

    WatchedChannel(ManagedChannel owned, ClientInterceptor watch) {
      this.owned = owned;
      this.watched = ClientInterceptors.intercept(owned, watch);
    }

    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
      return watched.newCall(method, options);
    }

    @Override
    public String authority() {
      return watched.authority();
    }

    @Override
    public ManagedChannel shutdown() {
      return this;
    }

    @Override
    public ManagedChannel shutdownNow() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return owned.isShutdown();
    }

    @Override
    public boolean isTerminated() {
      return owned.isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }
}
