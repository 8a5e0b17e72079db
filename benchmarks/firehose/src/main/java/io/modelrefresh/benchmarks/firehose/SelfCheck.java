package io.modelrefresh.benchmarks.firehose;

import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import com.google.pubsub.v1.SubscriberGrpc;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Checks the firehose itself, with the generated stubs; N must be at least 1000. A "consumer" of
 * run.sh.
 */
public final class SelfCheck {
  static final LinkedBlockingQueue<StreamingPullResponse> IN = new LinkedBlockingQueue<>();

  public static void main(String[] args) throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(System.getenv("PUBSUB_EMULATOR_HOST")).usePlaintext().build();
    SubscriberGrpc.SubscriberBlockingStub unary = SubscriberGrpc.newBlockingStub(channel);
    StreamObserver<StreamingPullRequest> out =
        SubscriberGrpc.newStub(channel)
            .streamingPull(
                new StreamObserver<>() {
                  @Override
                  public void onNext(StreamingPullResponse r) {
                    IN.add(r);
                  }

                  @Override
                  public void onError(Throwable t) {}

                  @Override
                  public void onCompleted() {}
                });
    out.onNext(
        StreamingPullRequest.newBuilder()
            .setSubscription("s")
            .setMaxOutstandingMessages(100)
            .build());
    Set<String> seen = new HashSet<>();
    List<ReceivedMessage> first = read(100, 1000);
    first.forEach(m -> seen.add(m.getMessage().getMessageId()));
    check("outstanding limit kept", first.size() == 100 && seen.size() == 100);
    check(
        "body",
        first.get(0).getMessage().getData().toStringUtf8().startsWith("{\"feature_view\":"));

    out.onNext(StreamingPullRequest.getDefaultInstance());
    StreamingPullResponse empty = IN.poll(1, TimeUnit.SECONDS);
    check("keepalive answered", empty != null && empty.getReceivedMessagesCount() == 0);

    ModifyAckDeadlineRequest.Builder nack =
        ModifyAckDeadlineRequest.newBuilder().setAckDeadlineSeconds(0);
    for (int i = 0; i < 10; i++) nack.addAckIds(first.get(i).getAckId());
    unary.modifyAckDeadline(nack.build());
    List<ReceivedMessage> again = read(10, 1000);
    check(
        "nacked ones came again",
        again.size() == 10
            && again.stream().allMatch(m -> seen.contains(m.getMessage().getMessageId())));

    unary.modifyAckDeadline(
        ModifyAckDeadlineRequest.newBuilder()
            .setAckDeadlineSeconds(60)
            .addAckIds(first.get(50).getAckId())
            .build());
    check("an extension sends nothing", IN.poll(300, TimeUnit.MILLISECONDS) == null);

    AcknowledgeRequest.Builder ack = AcknowledgeRequest.newBuilder();
    for (int i = 0; i < 40; i++) ack.addAckIds(first.get(i).getAckId());
    unary.acknowledge(ack.build());
    List<ReceivedMessage> more = read(40, 1000);
    check(
        "40 acks gave room for 40",
        more.size() == 40 && more.stream().allMatch(m -> seen.add(m.getMessage().getMessageId())));
    unary.acknowledge(
        AcknowledgeRequest.newBuilder()
            .addAckIds(first.get(0).getAckId())
            .addAckIds("nonsense")
            .build());

    List<ReceivedMessage> pulled =
        unary.pull(PullRequest.newBuilder().setMaxMessages(7).build()).getReceivedMessagesList();
    check(
        "pull",
        pulled.size() == 7
            && pulled.stream().allMatch(m -> seen.add(m.getMessage().getMessageId())));

    ackAll(out, first.subList(40, 100));
    ackAll(out, more);
    ackAll(out, pulled);
    while (true) ackAll(out, IN.take().getReceivedMessagesList()); // acks inside the stream
  }

  static void ackAll(StreamObserver<StreamingPullRequest> out, List<ReceivedMessage> l) {
    StreamingPullRequest.Builder b = StreamingPullRequest.newBuilder();
    l.forEach(m -> b.addAckIds(m.getAckId()));
    if (!l.isEmpty()) out.onNext(b.build());
  }

  static List<ReceivedMessage> read(int n, long ms) throws InterruptedException {
    List<ReceivedMessage> l = new java.util.ArrayList<>();
    while (l.size() < n) {
      StreamingPullResponse r = IN.poll(ms, TimeUnit.MILLISECONDS);
      if (r == null) break;
      l.addAll(r.getReceivedMessagesList());
    }
    StreamingPullResponse r = IN.poll(300, TimeUnit.MILLISECONDS); // nothing beyond
    if (r != null) l.addAll(r.getReceivedMessagesList());
    return l;
  }

  static void check(String what, boolean ok) {
    System.err.println((ok ? "ok: " : "NOT OK: ") + what);
    if (!ok) System.exit(1);
  }
}
