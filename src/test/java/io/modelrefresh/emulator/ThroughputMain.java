package io.modelrefresh.emulator;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How fast one stream is: {@code ThroughputMain HOST:PORT MESSAGES} publishes so many 200-byte
 * messages to a server that is listening there, then takes them over one stream, acking by the
 * thousand, and prints both rates. Not a test: run it against {@link EmulatorMain} in a JVM of its
 * own.
 */
final class ThroughputMain {

  private static final int MESSAGE_BYTES = 200;
  private static final int BATCH = 1_000;

  private ThroughputMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    int messages = Integer.parseInt(arguments[1]) / BATCH * BATCH;
    try (var client = new PubSubClient(arguments[0])) {
      for (int round = 1; round <= 3; round++) {
        String topic = client.createTopic();
        String subscription = client.createSubscription(topic);

        long started = System.nanoTime();
        publish(client, topic, messages);
        System.out.printf("round %d: published %,.0f msgs/s", round, rate(messages, started));

        started = System.nanoTime();
        consume(client, subscription, messages);
        System.out.printf(", streamed and acked %,.0f msgs/s%n", rate(messages, started));
        client.deleteSubscription(subscription);
      }
    }
  }

  private static double rate(int messages, long startedNanos) {
    return messages / ((System.nanoTime() - startedNanos) / 1e9);
  }

  private static void publish(PubSubClient client, String topic, int messages) {
    var message =
        PubsubMessage.newBuilder().setData(ByteString.copyFrom(new byte[MESSAGE_BYTES])).build();
    List<PubsubMessage> batch = Collections.nCopies(BATCH, message);
    for (int published = 0; published < messages; published += BATCH) {
      client.publish(topic, batch);
    }
  }

  private static void consume(PubSubClient client, String subscription, int messages)
      throws InterruptedException {
    var acked = new AtomicLong();
    var done = new CountDownLatch(1);
    StreamObserver<StreamingPullRequest> stream =
        client.streams.streamingPull(
            new Quiet<StreamingPullResponse>() {
              private final List<String> ids = new ArrayList<>();
              private long received;

              @Override
              public void onNext(StreamingPullResponse response) {
                for (ReceivedMessage message : response.getReceivedMessagesList()) {
                  ids.add(message.getAckId());
                }
                received += response.getReceivedMessagesCount();
                if (ids.size() < BATCH && received < messages) {
                  return;
                }
                int count = ids.size();
                var request =
                    AcknowledgeRequest.newBuilder()
                        .setSubscription(subscription)
                        .addAllAckIds(ids)
                        .build();
                ids.clear();
                client.streams.acknowledge(
                    request,
                    new Quiet<Empty>() {
                      @Override
                      public void onNext(Empty empty) {
                        if (acked.addAndGet(count) >= messages) {
                          done.countDown();
                        }
                      }
                    });
              }
            });
    stream.onNext(OpenStream.request(subscription).setMaxOutstandingMessages(10_000).build());
    done.await();
    stream.onCompleted();
  }

  private abstract static class Quiet<T> implements StreamObserver<T> {

    @Override
    public void onError(Throwable error) {
      System.err.println("The call failed: " + error);
    }

    @Override
    public void onCompleted() {}
  }
}
