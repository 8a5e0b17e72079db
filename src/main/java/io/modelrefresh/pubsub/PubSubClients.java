package io.modelrefresh.pubsub;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutureCallback;
import com.google.api.core.ApiFutures;
import com.google.api.gax.core.ExecutorProvider;
import com.google.api.gax.core.FixedExecutorProvider;
import com.google.api.gax.grpc.InstantiatingGrpcChannelProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.pubsub.v1.Publisher;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.cloud.pubsub.v1.stub.GrpcSubscriberStub;
import com.google.cloud.pubsub.v1.stub.SubscriberStub;
import com.google.cloud.pubsub.v1.stub.SubscriberStubSettings;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.pubsub.v1.PubsubMessage;
import io.smallrye.mutiny.Uni;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Google's clients, all on one small pool of daemon threads. Closed with the application. */
@Singleton
class PubSubClients {

  private static final Logger LOG = Logger.getLogger(PubSubClients.class);

  /** For calls that must not wait for a server that is not there. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

  /** How long a single pull waits for messages that are not there. */
  private static final Duration PULL_TIMEOUT = Duration.ofSeconds(2);

  /** Google's publisher begins to refuse a key just after it has reported the failure. */
  private static final Duration KEY_REFUSED = Duration.ofMillis(100);

  private static final int THREADS = 4;

  private final Map<String, Publisher> publishers = new ConcurrentHashMap<>();
  private final AtomicInteger threads = new AtomicInteger();
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(THREADS, this::thread);
  private final PubSubServer server;
  private Optional<SubscriberStub> stub = Optional.empty();

  PubSubClients(PubSubServer server) {
    this.server = server;
    executor.setRemoveOnCancelPolicy(true);
  }

  PubSubServer server() {
    return server;
  }

  ScheduledExecutorService executor() {
    return executor;
  }

  ExecutorProvider executorProvider() {
    return FixedExecutorProvider.create(executor);
  }

  /** For single calls, which are not retried. May block to find credentials. */
  synchronized SubscriberStub stub() {
    if (stub.isEmpty()) {
      stub = Optional.of(newStub(server.channel().orElseGet(PubSubClients::service)));
    }
    return stub.get();
  }

  /**
   * A connection for one channel, which closes it. Calls are not retried, and callbacks come on the
   * thread that received, which they must not block: another would be one hop too many. May block
   * to find credentials.
   */
  SubscriberStub newStreamStub() {
    var channel = server.channel().orElseGet(PubSubClients::service);
    return newStub(
        channel instanceof InstantiatingGrpcChannelProvider own
            ? own.toBuilder().setExecutor(Runnable::run).build()
            : channel);
  }

  private SubscriberStub newStub(TransportChannelProvider channel) {
    try {
      var settings =
          SubscriberStubSettings.newBuilder()
              .setBackgroundExecutorProvider(executorProvider())
              .setCredentialsProvider(server.credentials())
              .setTransportChannelProvider(channel);
      settings.getSubscriptionSettings().setSimpleTimeoutNoRetriesDuration(CALL_TIMEOUT);
      settings.pullSettings().setSimpleTimeoutNoRetriesDuration(PULL_TIMEOUT);
      settings.acknowledgeSettings().setSimpleTimeoutNoRetriesDuration(CALL_TIMEOUT);
      settings.modifyAckDeadlineSettings().setSimpleTimeoutNoRetriesDuration(CALL_TIMEOUT);
      return GrpcSubscriberStub.create(settings.build());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot set up the Pub/Sub client: " + e.getMessage(), e);
    }
  }

  /** The real service, whose responses may be larger than gRPC's 4 MiB. */
  private static TransportChannelProvider service() {
    return SubscriptionAdminSettings.defaultGrpcTransportProviderBuilder()
        .setMaxInboundMessageSize(20 << 20)
        .setKeepAliveTimeDuration(Duration.ofMinutes(5))
        .build();
  }

  /**
   * @param topic full name
   */
  Publisher newPublisher(String topic, Consumer<Publisher.Builder> customizer) {
    var builder =
        Publisher.newBuilder(topic)
            .setExecutorProvider(executorProvider())
            .setCredentialsProvider(server.credentials())
            .setEnableMessageOrdering(true);
    server.channel().ifPresent(builder::setChannelProvider);
    customizer.accept(builder);
    try {
      return builder.build();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot set up a publisher to " + topic, e);
    }
  }

  /** Publishes one message by a publisher shared by all who publish to that topic this way. */
  Uni<String> publish(String topic, PubsubMessage message) {
    return Uni.createFrom()
        .item(() -> publishers.computeIfAbsent(topic, name -> newPublisher(name, with -> {})))
        .runSubscriptionOn(executor)
        .flatMap(publisher -> publish(publisher, message));
  }

  /**
   * The item is the id the server gave the message. After a failure Google's publisher refuses
   * everything of that ordering key until told otherwise; it is told before the failure is passed
   * on, so who sends again is heard.
   */
  Uni<String> publish(Publisher publisher, PubsubMessage message) {
    var published = uni(() -> publisher.publish(message));
    var key = message.getOrderingKey();
    if (key.isEmpty()) {
      return published;
    }
    return published
        .onFailure()
        .call(
            () ->
                Uni.createFrom()
                    .voidItem()
                    .onItem()
                    .delayIt()
                    .onExecutor(executor)
                    .by(KEY_REFUSED)
                    .invoke(() -> publisher.resumePublish(key)));
  }

  /** Completes on a thread of the client. */
  static <T> Uni<T> uni(Supplier<ApiFuture<T>> call) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                ApiFutures.addCallback(
                    call.get(),
                    new ApiFutureCallback<T>() {
                      @Override
                      public void onSuccess(T result) {
                        emitter.complete(result);
                      }

                      @Override
                      public void onFailure(Throwable failure) {
                        emitter.fail(failure);
                      }
                    },
                    MoreExecutors.directExecutor()));
  }

  /** Sends what is batched and waits for it. */
  static void close(Publisher publisher, Duration timeout) {
    publisher.shutdown();
    try {
      if (!publisher.awaitTermination(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warnf("messages to %s were not sent within %s", publisher.getTopicName(), timeout);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @PreDestroy
  synchronized void close() {
    publishers.values().forEach(publisher -> close(publisher, CALL_TIMEOUT));
    stub.ifPresent(SubscriberStub::close);
    executor.shutdownNow();
  }

  private Thread thread(Runnable task) {
    var thread = new Thread(task, "pubsub-" + threads.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }
}
