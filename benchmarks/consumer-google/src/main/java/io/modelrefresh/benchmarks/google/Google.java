package io.modelrefresh.benchmarks.google;

import com.google.api.gax.batching.FlowControlSettings;
import com.google.api.gax.core.InstantiatingExecutorProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.pubsub.v1.MessageReceiver;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.pubsub.v1.ProjectSubscriptionName;
import io.grpc.ManagedChannelBuilder;
import io.modelrefresh.benchmarks.work.Work;
import java.util.concurrent.CountDownLatch;

/**
 * com.google.cloud.pubsub.v1.Subscriber: with its defaults, unless a system property says
 * otherwise.
 */
public final class Google {
  public static void main(String[] args) throws Exception {
    MessageReceiver receiver =
        (message, reply) -> {
          Work.handle(message.getData().toByteArray());
          reply.ack();
        };
    Subscriber.Builder b =
        Subscriber.newBuilder(
                ProjectSubscriptionName.of(
                    "bench", System.getenv().getOrDefault("PUBSUB_SUBSCRIPTION", "bench")),
                receiver)
            .setCredentialsProvider(NoCredentialsProvider.create())
            .setChannelProvider(
                SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
                    .setEndpoint(System.getenv("PUBSUB_EMULATOR_HOST"))
                    .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
                    .build());
    Long max = Long.getLong("max.outstanding");
    if (max != null) {
      b.setFlowControlSettings(
          FlowControlSettings.newBuilder()
              .setMaxOutstandingElementCount(max)
              .setMaxOutstandingRequestBytes(100L << 20)
              .build());
    }
    Integer threads = Integer.getInteger("threads");
    if (threads != null) {
      b.setExecutorProvider(
          InstantiatingExecutorProvider.newBuilder().setExecutorThreadCount(threads).build());
    }
    Integer parallel = Integer.getInteger("parallel.pull");
    if (parallel != null) b.setParallelPullCount(parallel);
    b.build().startAsync().awaitRunning();
    new CountDownLatch(1).await();
  }
}
