package io.modelrefresh.emulator;

import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import com.google.pubsub.v1.StreamingPullResponse.AcknowledgeConfirmation;
import com.google.pubsub.v1.StreamingPullResponse.ModifyAckDeadlineConfirmation;
import com.google.pubsub.v1.StreamingPullResponse.SubscriptionProperties;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One open stream. Requests come in on the connection's event loop, one at a time; responses go out
 * under this object's monitor, which is never held while a subscription's lock is asked for.
 */
final class StreamingPullCall extends Consumer implements StreamObserver<StreamingPullRequest> {

  /** Bytes gRPC may buffer before the stream counts as not ready: keeps a fast client busy. */
  private static final int READY_THRESHOLD_BYTES = 1 << 20;

  private final ServerCallStreamObserver<StreamingPullResponse> responses;
  private final Resources resources;
  private final Gate gate;

  private volatile SubscriptionState subscription;
  private volatile long ackDeadlineMillis;
  private long maxMessages;
  private long maxBytes;
  private boolean ended;

  StreamingPullCall(
      ServerCallStreamObserver<StreamingPullResponse> responses, Resources resources, Gate gate) {
    this.responses = responses;
    this.resources = resources;
    this.gate = gate;
    responses.setOnReadyThreshold(READY_THRESHOLD_BYTES);
    responses.setOnReadyHandler(this::wake);
    responses.setOnCancelHandler(this::leave);
    responses.disableAutoRequest();
    responses.request(1);
  }

  @Override
  public void onNext(StreamingPullRequest request) {
    if (subscription != null) {
      handle(request);
    } else {
      gate.enter(
          "StreamingPull",
          request.getSubscription(),
          refusal -> end(refusal.getStatus()),
          () -> begin(request));
    }
  }

  private void begin(StreamingPullRequest first) {
    SubscriptionSettings.requireAckDeadline(first.getStreamAckDeadlineSeconds());
    maxMessages = limit("max_outstanding_messages", first.getMaxOutstandingMessages());
    maxBytes = limit("max_outstanding_bytes", first.getMaxOutstandingBytes());
    ackDeadlineMillis = first.getStreamAckDeadlineSeconds() * 1_000L;
    subscription = resources.subscription(first.getSubscription());
    settle(first);
    if (!subscription.open(this)) {
      throw Refusal.notFound(first.getSubscription());
    }
    if (responses.isCancelled()) {
      // The client left while the opening was delayed.
      leave();
      return;
    }
    responses.request(1);
  }

  private void handle(StreamingPullRequest request) {
    try {
      requireOnlyWhatMayChange(request);
      if (request.getStreamAckDeadlineSeconds() != 0) {
        SubscriptionSettings.requireAckDeadline(request.getStreamAckDeadlineSeconds());
        ackDeadlineMillis = request.getStreamAckDeadlineSeconds() * 1_000L;
      }
      gate.faults().admit("StreamingPull", subscription.settings().getName());
      boolean keepalive =
          request.getAckIdsCount() == 0 && request.getModifyDeadlineAckIdsCount() == 0;
      if (!keepalive) {
        settle(request);
      } else if (!gate.faults().isHalfOpen()) {
        respond(response().build());
      }
      responses.request(1);
    } catch (StatusRuntimeException e) {
      end(e.getStatus());
    }
  }

  private void settle(StreamingPullRequest request) {
    boolean confirms = subscription.settings().getEnableExactlyOnceDelivery();
    if (request.getAckIdsCount() > 0) {
      List<String> stale = subscription.acknowledge(decode(request.getAckIdsList()));
      if (confirms) {
        var valid = new ArrayList<>(request.getAckIdsList());
        valid.removeAll(stale);
        respond(
            response()
                .setAcknowledgeConfirmation(
                    AcknowledgeConfirmation.newBuilder()
                        .addAllAckIds(valid)
                        .addAllInvalidAckIds(stale))
                .build());
      }
    }
    if (request.getModifyDeadlineAckIdsCount() > 0) {
      List<String> stale = modifyDeadlines(request);
      if (confirms) {
        var valid = new ArrayList<>(request.getModifyDeadlineAckIdsList());
        valid.removeAll(stale);
        respond(
            response()
                .setModifyAckDeadlineConfirmation(
                    ModifyAckDeadlineConfirmation.newBuilder()
                        .addAllAckIds(valid)
                        .addAllInvalidAckIds(stale))
                .build());
      }
    }
  }

  private List<String> modifyDeadlines(StreamingPullRequest request) {
    int count = request.getModifyDeadlineAckIdsCount();
    if (count != request.getModifyDeadlineSecondsCount()) {
      throw Refusal.invalid(
          "modify_deadline_seconds and modify_deadline_ack_ids must have the same size.");
    }
    Map<Integer, List<AckId>> bySeconds = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      bySeconds
          .computeIfAbsent(request.getModifyDeadlineSeconds(i), seconds -> new ArrayList<>())
          .add(AckId.decode(request.getModifyDeadlineAckIds(i)));
    }
    bySeconds.keySet().forEach(SubscriberService::requireLeaseSeconds);
    var stale = new ArrayList<String>();
    bySeconds.forEach((seconds, ids) -> stale.addAll(subscription.modifyDeadline(ids, seconds)));
    return stale;
  }

  @Override
  public void onError(Throwable cancelled) {
    leave();
  }

  @Override
  public void onCompleted() {
    leave();
    synchronized (this) {
      if (!ended) {
        ended = true;
        responses.onCompleted();
      }
    }
  }

  @Override
  boolean accepts(long outstandingMessages, long outstandingBytes) {
    return outstandingMessages < maxMessages
        && outstandingBytes < maxBytes
        && responses.isReady()
        && !gate.faults().isHalfOpen();
  }

  @Override
  long ackDeadlineMillis() {
    return ackDeadlineMillis;
  }

  @Override
  boolean once() {
    return false;
  }

  @Override
  void send(List<ReceivedMessage> messages) {
    respond(response().addAllReceivedMessages(messages).build());
  }

  @Override
  void end(Status status) {
    synchronized (this) {
      if (!ended) {
        ended = true;
        responses.onError(status.asRuntimeException());
      }
    }
    leave();
  }

  /** With the properties in every response: Google's client takes their absence for "off". */
  private StreamingPullResponse.Builder response() {
    var settings = subscription.settings();
    var response = StreamingPullResponse.newBuilder();
    if (settings.getEnableExactlyOnceDelivery() || settings.getEnableMessageOrdering()) {
      response.setSubscriptionProperties(
          SubscriptionProperties.newBuilder()
              .setExactlyOnceDeliveryEnabled(settings.getEnableExactlyOnceDelivery())
              .setMessageOrderingEnabled(settings.getEnableMessageOrdering()));
    }
    return response;
  }

  private synchronized void respond(StreamingPullResponse response) {
    if (!ended) {
      responses.onNext(response);
    }
  }

  private void wake() {
    if (subscription != null) {
      subscription.wake();
    }
  }

  private void leave() {
    if (subscription != null) {
      subscription.close(this);
    }
  }

  private static void requireOnlyWhatMayChange(StreamingPullRequest later) {
    if (!later.getSubscription().isEmpty()
        || !later.getClientId().isEmpty()
        || later.getMaxOutstandingMessages() != 0
        || later.getMaxOutstandingBytes() != 0) {
      throw Refusal.invalid(
          "subscription, client_id, max_outstanding_messages and max_outstanding_bytes may only be"
              + " set in the first request of a stream.");
    }
  }

  private static long limit(String setting, long value) {
    if (value < 0) {
      throw Refusal.invalid(setting + " must not be negative.");
    }
    return value == 0 ? Long.MAX_VALUE : value;
  }

  private static List<AckId> decode(Collection<String> ackIds) {
    return ackIds.stream().map(AckId::decode).toList();
  }
}
