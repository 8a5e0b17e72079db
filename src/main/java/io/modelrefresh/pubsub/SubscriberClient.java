package io.modelrefresh.pubsub;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutureCallback;
import com.google.api.core.ApiFutures;
import com.google.api.gax.batching.FlowControlSettings;
import com.google.api.gax.core.FixedExecutorProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.pubsub.v1.AckReplyConsumer;
import com.google.cloud.pubsub.v1.AckReplyConsumerWithResponse;
import com.google.cloud.pubsub.v1.AckResponse;
import com.google.cloud.pubsub.v1.MessageReceiver;
import com.google.cloud.pubsub.v1.MessageReceiverWithAckResponse;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.cloud.pubsub.v1.SubscriberShutdownSettings;
import com.google.cloud.pubsub.v1.SubscriberShutdownSettings.ShutdownMode;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.Subscription;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jboss.logging.Logger;

/** Builds Google's {@link Subscriber} as a channel's settings say. */
final class SubscriberClient implements PullStream.Client {

  private static final Logger LOG = Logger.getLogger(SubscriberClient.class);

  /** What Google's own shutdown gets on top, so that the connector's drain ends first. */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  private final PubSubClients clients;
  private final InboundSettings settings;
  private final BiConsumer<PubsubMessage, Delivery.Reply> receiver;
  private final AtomicBoolean advised = new AtomicBoolean();

  /**
   * @param receiver called on gRPC's threads; must not block
   */
  SubscriberClient(
      PubSubClients clients,
      InboundSettings settings,
      BiConsumer<PubsubMessage, Delivery.Reply> receiver) {
    this.clients = clients;
    this.settings = settings;
    this.receiver = receiver;
  }

  @Override
  public ApiFuture<?> probe() {
    return ApiFutures.transform(
        clients
            .stub()
            .getSubscriptionCallable()
            .futureCall(
                GetSubscriptionRequest.newBuilder()
                    .setSubscription(settings.subscription().toString())
                    .build()),
        this::advise,
        MoreExecutors.directExecutor());
  }

  private Subscription advise(Subscription found) {
    if (advised.compareAndSet(false, true)) {
      ProvisioningAdvice.of(found)
          .forEach(advice -> LOG.warnf("channel %s: %s", settings.channel(), advice));
    }
    return found;
  }

  @Override
  public Subscriber subscriber(StreamWatch watch) {
    var builder =
        newBuilder()
            .setChannelProvider(watch.watch(channel()))
            .setCredentialsProvider(clients.server().credentials())
            .setExecutorProvider(FixedExecutorProvider.create(new InlineExecutor()))
            .setSystemExecutorProvider(clients.executorProvider())
            .setParallelPullCount(1)
            .setFlowControlSettings(
                FlowControlSettings.newBuilder()
                    .setMaxOutstandingElementCount(settings.maxOutstandingMessages())
                    .setMaxOutstandingRequestBytes(settings.maxOutstandingBytes())
                    .build())
            .setMaxAckExtensionPeriodDuration(settings.maxAckExtension())
            .setSubscriberShutdownSettings(
                SubscriberShutdownSettings.newBuilder()
                    .setMode(ShutdownMode.WAIT_FOR_PROCESSING)
                    .setTimeout(settings.drainTimeout().plus(MARGIN))
                    .build());
    settings.minDurationPerAckExtension().ifPresent(builder::setMinDurationPerAckExtensionDuration);
    settings.maxDurationPerAckExtension().ifPresent(builder::setMaxDurationPerAckExtensionDuration);
    return builder.build();
  }

  private Subscriber.Builder newBuilder() {
    var name = settings.subscription().toString();
    if (settings.exactlyOnce()) {
      MessageReceiverWithAckResponse confirmed =
          (message, reply) -> receiver.accept(message, confirmed(reply));
      return Subscriber.newBuilder(name, confirmed);
    }
    MessageReceiver plain = (message, reply) -> receiver.accept(message, unconfirmed(reply));
    return Subscriber.newBuilder(name, plain);
  }

  private TransportChannelProvider channel() {
    return clients
        .server()
        .channel()
        .orElseGet(
            () ->
                // As Subscriber's own default: its responses may be larger than gRPC's 4 MiB.
                SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
                    .setMaxInboundMessageSize(20 << 20)
                    .setKeepAliveTimeDuration(Duration.ofMinutes(5))
                    .build());
  }

  private static Delivery.Reply unconfirmed(AckReplyConsumer reply) {
    return new Delivery.Reply() {
      @Override
      public CompletionStage<Void> ack() {
        reply.ack();
        return Delivery.SETTLED;
      }

      @Override
      public CompletionStage<Void> nack() {
        reply.nack();
        return Delivery.SETTLED;
      }
    };
  }

  private Delivery.Reply confirmed(AckReplyConsumerWithResponse reply) {
    return new Delivery.Reply() {
      @Override
      public CompletionStage<Void> ack() {
        return confirmation(reply.ack());
      }

      @Override
      public CompletionStage<Void> nack() {
        return confirmation(reply.nack());
      }
    };
  }

  private CompletionStage<Void> confirmation(ApiFuture<AckResponse> answer) {
    var confirmed = new CompletableFuture<Void>();
    ApiFutures.addCallback(
        answer,
        new ApiFutureCallback<AckResponse>() {
          @Override
          public void onSuccess(AckResponse response) {
            if (response == AckResponse.SUCCESSFUL) {
              confirmed.complete(null);
            } else {
              confirmed.completeExceptionally(new AckNotConfirmedException(response.name()));
            }
          }

          @Override
          public void onFailure(Throwable failure) {
            confirmed.completeExceptionally(new AckNotConfirmedException(failure.getMessage()));
          }
        },
        MoreExecutors.directExecutor());
    clients
        .executor()
        .schedule(
            () ->
                confirmed.completeExceptionally(
                    new AckNotConfirmedException("no answer within " + settings.ackTimeout())),
            settings.ackTimeout().toMillis(),
            TimeUnit.MILLISECONDS);
    return confirmed;
  }

  /**
   * Runs the receiver on the thread that received: it only enqueues, so another thread would be one
   * hop too many.
   */
  private static final class InlineExecutor extends ScheduledThreadPoolExecutor {

    InlineExecutor() {
      super(0);
    }

    @Override
    public void execute(Runnable task) {
      task.run();
    }
  }
}
