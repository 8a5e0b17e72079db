package io.modelrefresh.benchmarks.firehose;

import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.function.Consumer;

/** google.pubsub.v1.Subscriber: whichever subscription is named, it is the one there is. */
final class SubscriberService {

  private static final int MOST_PULLED = 1_000;

  private final Backlog backlog;

  SubscriberService(Backlog backlog) {
    this.backlog = backlog;
  }

  ServerServiceDefinition definition() {
    var streamingPull = SubscriberGrpc.getStreamingPullMethod();
    var pull = SubscriberGrpc.getPullMethod();
    ServerServiceDefinition.Builder service =
        ServerServiceDefinition.builder(SubscriberGrpc.SERVICE_NAME)
            .addMethod(
                method(streamingPull, streamingPull.getRequestMarshaller()),
                (call, headers) -> new PullStream(call, backlog))
            .addMethod(
                method(pull, pull.getRequestMarshaller()),
                unary((call, request) -> pull(call, request)))
            .addMethod(
                method(SubscriberGrpc.getAcknowledgeMethod(), AckIds.OF_ACKNOWLEDGE),
                settling(this::acknowledge))
            .addMethod(
                method(SubscriberGrpc.getModifyAckDeadlineMethod(), AckIds.OF_MODIFY),
                settling(this::modify));
    Set<String> own = Set.of("StreamingPull", "Pull", "Acknowledge", "ModifyAckDeadline");
    new Administration()
        .bindService().getMethods().stream()
            .filter(method -> !own.contains(method.getMethodDescriptor().getBareMethodName()))
            .forEach(service::addMethod);
    return service.build();
  }

  private static <T> MethodDescriptor<T, Slice> method(
      MethodDescriptor<?, ?> method, Marshaller<T> requests) {
    return method.toBuilder(requests, Slice.MARSHALLER).build();
  }

  private void acknowledge(AckIds acked) {
    backlog.measurement().ackCalls++;
    for (int i = 0; i < acked.count(); i++) {
      backlog.ack(acked.message(i));
    }
  }

  private void modify(AckIds modified) {
    backlog.measurement().modifyCalls++;
    for (int i = 0; i < modified.count(); i++) {
      backlog.modify(modified.message(i), modified.deadlineSeconds());
    }
  }

  private void pull(ServerCall<PullRequest, Slice> call, PullRequest request) {
    synchronized (backlog) {
      backlog.measurement().opened();
      backlog.measurement().pulls++;
      int most = Math.min(MOST_PULLED, request.getMaxMessages());
      Slice found = backlog.take(most, Long.MAX_VALUE, null);
      if (found != null) {
        answer(call, found);
      } else {
        backlog.park(
            () -> {
              Slice later = backlog.take(most, Long.MAX_VALUE, null);
              answer(call, later == null ? Slice.empty() : later);
            });
      }
    }
  }

  /** Answered before anything more is sent. */
  private ServerCallHandler<AckIds, Slice> settling(Consumer<AckIds> settle) {
    return unary(
        (call, ids) -> {
          synchronized (backlog) {
            settle.accept(ids);
          }
          answer(call, Slice.empty());
          synchronized (backlog) {
            backlog.pump();
          }
        });
  }

  private interface Unary<T> {
    void called(ServerCall<T, Slice> call, T request);
  }

  private static <T> ServerCallHandler<T, Slice> unary(Unary<T> handler) {
    return (call, headers) -> {
      call.request(2);
      return new ServerCall.Listener<>() {
        @Override
        public void onMessage(T request) {
          handler.called(call, request);
        }
      };
    };
  }

  private static void answer(ServerCall<?, Slice> call, Slice response) {
    if (!call.isCancelled()) {
      call.sendHeaders(new Metadata());
      call.sendMessage(response);
      call.close(Status.OK, new Metadata());
    }
  }

  private static final class Administration extends SubscriberGrpc.SubscriberImplBase {

    @Override
    public void getSubscription(
        GetSubscriptionRequest request, StreamObserver<Subscription> answer) {
      answer.onNext(
          Subscription.newBuilder()
              .setName(request.getSubscription())
              .setTopic("projects/bench/topics/bench")
              .setAckDeadlineSeconds(60)
              .build());
      answer.onCompleted();
    }

    @Override
    public void createSubscription(Subscription request, StreamObserver<Subscription> answer) {
      answer.onNext(request);
      answer.onCompleted();
    }
  }
}
