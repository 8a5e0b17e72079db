package io.modelrefresh.emulator;

import com.google.pubsub.v1.PullResponse;
import com.google.pubsub.v1.ReceivedMessage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One Pull, which waits for the first messages to come. Whoever sets {@code answered} answers; all
 * else is immutable.
 */
final class PullCall extends Consumer {

  private final ServerCallStreamObserver<PullResponse> observer;
  private final int maxMessages;
  private final AtomicBoolean answered = new AtomicBoolean();

  PullCall(ServerCallStreamObserver<PullResponse> observer, int maxMessages) {
    this.observer = observer;
    this.maxMessages = maxMessages;
  }

  @Override
  boolean accepts(long outstandingMessages, long outstandingBytes) {
    return outstandingMessages < maxMessages && !observer.isCancelled();
  }

  @Override
  long ackDeadlineMillis() {
    return 0;
  }

  @Override
  boolean once() {
    return true;
  }

  @Override
  void send(List<ReceivedMessage> messages) {
    if (answered.compareAndSet(false, true)) {
      observer.onNext(PullResponse.newBuilder().addAllReceivedMessages(messages).build());
      observer.onCompleted();
    }
  }

  @Override
  void end(Status status) {
    if (answered.compareAndSet(false, true)) {
      observer.onError(status.asRuntimeException());
    }
  }
}
