package io.modelrefresh.pubsub;

import com.google.api.gax.rpc.BidiStreamObserver;
import com.google.api.gax.rpc.ClientStream;
import com.google.api.gax.rpc.StreamController;
import com.google.cloud.pubsub.v1.stub.SubscriberStub;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import io.grpc.Status;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One StreamingPull call, from its first request to its end. Responses are asked for one at a time
 * and only while there is room for what they may bring: gRPC's flow control then holds the server.
 *
 * <p>The call is alive as long as the server answers: an empty request is to be answered by an
 * empty response, by a server that does so at all (Google's emulator does not), and one that stays
 * out ends the call. Callbacks come on gRPC's threads, one at a time; everything else may be called
 * on any.
 */
final class PullCall implements BidiStreamObserver<StreamingPullRequest, StreamingPullResponse> {

  /** Called on gRPC's threads; must not block. */
  interface Listener {
    /** The request is on a connection. */
    void connected(PullCall call);

    /** The server has accepted the call: it sent something other than an end. */
    void answered(PullCall call);

    void received(StreamingPullResponse response);

    /** Whether another response may be asked for. */
    boolean hasRoom();

    /**
     * The server, or the connection, has ended the call. The last callback.
     *
     * @param failure with UNAVAILABLE if the server ended it without an error
     */
    void ended(PullCall call, Throwable failure);
  }

  private static final StreamingPullRequest KEEPALIVE = StreamingPullRequest.getDefaultInstance();

  private final StreamingPullRequest first;
  private final Listener listener;
  private final CompletableFuture<Void> end = new CompletableFuture<>();

  /** No response is asked for at present. */
  private final AtomicBoolean paused = new AtomicBoolean();

  private volatile StreamController responses;
  private volatile boolean answersKeepalives;
  private volatile boolean unanswered;

  /** Present once connected. Guarded by this, as every use of it is: it is not thread-safe. */
  private Optional<ClientStream<StreamingPullRequest>> requests = Optional.empty();

  PullCall(StreamingPullRequest first, Listener listener) {
    this.first = first;
    this.listener = listener;
  }

  void start(SubscriberStub stub) {
    stub.streamingPullCallable().call(this);
  }

  /**
   * Asks the server for a sign of life, or ends the call if the last one stayed out. To be called
   * from time to time.
   */
  synchronized void keepAlive() {
    if (end.isDone() || paused.get() || requests.isEmpty()) {
      return;
    }
    if (unanswered && answersKeepalives) {
      end(
          Status.UNAVAILABLE
              .withDescription("the server answers no keepalive")
              .asRuntimeException());
      responses.cancel();
    } else {
      unanswered = true;
      requests.get().send(KEEPALIVE);
    }
  }

  /** There is room again. */
  void resume() {
    if (paused.get() && paused.compareAndSet(true, false)) {
      responses.request(1);
    }
  }

  /**
   * Asks for no more messages, so that the server ends the call; what is on its way still comes.
   */
  synchronized void finish() {
    if (end.isDone()) {
      return;
    }
    if (requests.isEmpty()) {
      responses.cancel();
    } else {
      requests.get().closeSend();
      responses.request(Integer.MAX_VALUE);
    }
  }

  /** Waits for the end, and makes one when that takes too long. Blocks. */
  void awaitEnd(long millis) {
    try {
      end.get(millis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      responses.cancel();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new CompletionException(e);
    }
  }

  @Override
  public void onStart(StreamController controller) {
    controller.disableAutoInboundFlowControl();
    controller.request(1);
    responses = controller;
  }

  @Override
  public void onReady(ClientStream<StreamingPullRequest> stream) {
    synchronized (this) {
      if (requests.isPresent()) {
        return;
      }
      requests = Optional.of(stream);
      stream.send(first);
      keepAlive();
    }
    listener.connected(this);
  }

  @Override
  public void onResponse(StreamingPullResponse response) {
    unanswered = false;
    if (response.getReceivedMessagesCount() == 0) {
      answersKeepalives = true;
    }
    listener.answered(this);
    listener.received(response);
    paused.set(true);
    if (listener.hasRoom()) {
      resume();
    }
  }

  @Override
  public void onError(Throwable failure) {
    end(failure);
  }

  @Override
  public void onComplete() {
    end(Status.UNAVAILABLE.withDescription("the server ended the stream").asRuntimeException());
  }

  private void end(Throwable failure) {
    if (end.complete(null)) {
      listener.ended(this, failure);
    }
  }
}
