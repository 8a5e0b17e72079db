package io.modelrefresh.benchmarks.firehose;

import com.google.pubsub.v1.StreamingPullRequest;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/**
 * One StreamingPull: as many messages as the limits of its first request and gRPC's flow control
 * let through. State is guarded by the backlog's lock.
 */
final class PullStream extends ServerCall.Listener<StreamingPullRequest> {

  private final ServerCall<StreamingPullRequest, Slice> call;
  private final Backlog backlog;
  private boolean started;
  private boolean closed;
  private long maxMessages;
  private long maxBytes;
  private long outstandingMessages;
  private long outstandingBytes;

  PullStream(ServerCall<StreamingPullRequest, Slice> call, Backlog backlog) {
    this.call = call;
    this.backlog = backlog;
    call.sendHeaders(new Metadata());
    call.request(1);
  }

  void pump() {
    while (started && !closed && call.isReady()) {
      long room = maxMessages > 0 ? maxMessages - outstandingMessages : Long.MAX_VALUE;
      long roomBytes = maxBytes > 0 ? maxBytes - outstandingBytes : Long.MAX_VALUE;
      if (room <= 0 || roomBytes <= 0) {
        return;
      }
      Slice response = backlog.take((int) Math.min(room, backlog.batch()), roomBytes, this);
      if (response == null) {
        return;
      }
      backlog.measurement().responses++;
      call.sendMessage(response);
    }
  }

  void gave(int bytes) {
    outstandingMessages++;
    outstandingBytes += bytes;
  }

  void settled(int bytes) {
    outstandingMessages--;
    outstandingBytes -= bytes;
  }

  @Override
  public void onMessage(StreamingPullRequest request) {
    synchronized (backlog) {
      if (!started) {
        started = true;
        maxMessages = request.getMaxOutstandingMessages();
        maxBytes = request.getMaxOutstandingBytes();
        backlog.open(this);
      } else if (request.getAckIdsCount() == 0 && request.getModifyDeadlineAckIdsCount() == 0) {
        // The service answers a keepalive, and clients give up a stream on which it does not.
        backlog.measurement().keepalives++;
        if (call.isReady()) {
          call.sendMessage(Slice.empty());
        }
      }
      request.getAckIdsList().forEach(ackId -> backlog.ack(AckIds.number(ackId)));
      for (int i = 0; i < request.getModifyDeadlineAckIdsCount(); i++) {
        backlog.modify(
            AckIds.number(request.getModifyDeadlineAckIds(i)), request.getModifyDeadlineSeconds(i));
      }
      backlog.pump();
    }
    call.request(1);
  }

  @Override
  public void onReady() {
    synchronized (backlog) {
      pump();
    }
  }

  @Override
  public void onHalfClose() {
    onCancel();
    call.close(Status.OK, new Metadata());
  }

  @Override
  public void onCancel() {
    synchronized (backlog) {
      closed = true;
      backlog.close(this);
    }
  }
}
