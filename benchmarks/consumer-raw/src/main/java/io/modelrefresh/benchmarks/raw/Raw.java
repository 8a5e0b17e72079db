package io.modelrefresh.benchmarks.raw;

import com.google.protobuf.Empty;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import com.google.pubsub.v1.SubscriberGrpc;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.modelrefresh.benchmarks.work.Work;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The practical ceiling: the generated stub, manual flow control, acks in large batches. */
public final class Raw {
  static final int ACK_BATCH = 1000;
  static SubscriberGrpc.SubscriberStub stub;
  static String subscription;
  static AcknowledgeRequest.Builder pending;

  public static void main(String[] args) throws Exception {
    int max = Integer.getInteger("max.outstanding", 10_000);
    int threads = Integer.getInteger("threads", 2); // 0: on gRPC's event loop
    subscription =
        "projects/bench/subscriptions/"
            + System.getenv().getOrDefault("PUBSUB_SUBSCRIPTION", "bench");
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(System.getenv("PUBSUB_EMULATOR_HOST"))
            .usePlaintext()
            .directExecutor()
            .maxInboundMessageSize(20 << 20)
            .build();
    stub = SubscriberGrpc.newStub(channel);
    ExecutorService pool = threads == 0 ? null : Executors.newFixedThreadPool(threads);
    pending = AcknowledgeRequest.newBuilder().setSubscription(subscription);
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    timer.scheduleAtFixedRate(
        () -> {
          AcknowledgeRequest q;
          synchronized (Raw.class) {
            q = cut(1);
          }
          send(q);
        },
        10,
        10,
        TimeUnit.MILLISECONDS);
    stub.streamingPull(
            new ClientResponseObserver<StreamingPullRequest, StreamingPullResponse>() {
              ClientCallStreamObserver<StreamingPullRequest> call;

              @Override
              public void beforeStart(ClientCallStreamObserver<StreamingPullRequest> call) {
                this.call = call;
                call.disableAutoRequestWithInitial(8);
              }

              @Override
              public void onNext(StreamingPullResponse r) {
                if (pool == null) handle(r);
                else pool.execute(() -> handle(r));
              }

              private void handle(StreamingPullResponse r) {
                for (ReceivedMessage m : r.getReceivedMessagesList()) {
                  Work.handle(m.getMessage().getData().toByteArray());
                }
                AcknowledgeRequest q;
                synchronized (Raw.class) {
                  for (ReceivedMessage m : r.getReceivedMessagesList())
                    pending.addAckIds(m.getAckId());
                  q = cut(ACK_BATCH);
                }
                send(q);
                call.request(1);
              }

              @Override
              public void onError(Throwable t) {
                System.err.println("stream ended: " + t);
              }

              @Override
              public void onCompleted() {}
            })
        .onNext(
            StreamingPullRequest.newBuilder()
                .setSubscription(subscription)
                .setStreamAckDeadlineSeconds(60)
                .setMaxOutstandingMessages(max)
                .build());
    new CountDownLatch(1).await();
  }

  static AcknowledgeRequest cut(int atLeast) {
    if (pending.getAckIdsCount() < atLeast) return null;
    AcknowledgeRequest q = pending.build();
    pending = AcknowledgeRequest.newBuilder().setSubscription(subscription);
    return q;
  }

  static void send(AcknowledgeRequest q) {
    if (q == null) return;
    stub.acknowledge(
        q,
        new StreamObserver<Empty>() {
          @Override
          public void onNext(Empty e) {}

          @Override
          public void onError(Throwable t) {
            System.err.println("acknowledge failed: " + t);
          }

          @Override
          public void onCompleted() {}
        });
  }
}
