package io.modelrefresh.emulator;

import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * A Pub/Sub server in this JVM: the {@code google.pubsub.v1} Publisher and Subscriber services over
 * plaintext gRPC, and what a caller may do there, with everything in memory. Point any client at
 * {@link #address} as at Google's own emulator ({@code PUBSUB_EMULATOR_HOST}).
 *
 * <p>Its methods may be called from any thread; {@link #restart} and {@link #close} wait for the
 * server to be down, so not from an event loop. They hold this object's monitor, which guards which
 * server is running; calls do not need it.
 */
public final class EmbeddedPubSub implements AutoCloseable {

  private static final String LOOPBACK = "127.0.0.1";

  /**
   * Above the service's request limit, so that what exceeds that is refused by name, not cut off.
   */
  private static final int MAX_INBOUND_BYTES = 2 * MessageRules.MAX_REQUEST_BYTES;

  /** To listen on the same port again: ten seconds of them. */
  private static final int MOST_ATTEMPTS = 100;

  private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(100);

  private static final int FLOW_CONTROL_WINDOW_BYTES = 4 << 20;
  private static final long TICK_MILLIS = 10;
  private static final int SENDER_THREADS = 2;

  private final String host;
  private final Clock clock;
  private final AtomicLong ids;
  private final Faults faults = new Faults(new FaultyServer());
  // Discards once shut down: connections that are still closing have nothing left to be sent.
  private final ExecutorService sender =
      new ThreadPoolExecutor(
          SENDER_THREADS,
          SENDER_THREADS,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          daemon("embedded-pubsub-sender"),
          new ThreadPoolExecutor.DiscardPolicy());
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(daemon("embedded-pubsub-timer"));

  private volatile Resources resources;
  private volatile int port;
  private Server server;

  private EmbeddedPubSub(String host, int port, Clock clock) {
    this.host = host;
    this.port = port;
    this.clock = clock;
    // Unlike any id of an earlier run, so that who remembers ids never mistakes one for another.
    this.ids = new AtomicLong(System.currentTimeMillis() * 1_000);
  }

  /** Starts on a free port of 127.0.0.1. */
  public static EmbeddedPubSub start() {
    return start(LOOPBACK, 0);
  }

  /**
   * @param port 0 for a free one
   * @throws UncheckedIOException naming the address when it cannot be listened on
   */
  public static EmbeddedPubSub start(String host, int port) {
    return start(host, port, Clock.systemUTC());
  }

  /**
   * As {@link #start(String, int)}, with publish times, leases and backoffs by this clock; it is
   * read about every 10 ms.
   */
  public static EmbeddedPubSub start(String host, int port, Clock clock) {
    var emulator = new EmbeddedPubSub(host, port, clock);
    try {
      emulator.begin();
    } catch (RuntimeException e) {
      emulator.close();
      throw e;
    }
    return emulator;
  }

  private synchronized void begin() {
    resources = newResources();
    listen();
    timer.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Where clients connect to, {@code host:port}. */
  public String address() {
    return host + ":" + port;
  }

  public int port() {
    return port;
  }

  /** What can be made to go wrong. */
  public Faults faults() {
    return faults;
  }

  /** Creates a topic by its full name, {@code projects/P/topics/T}, unless it is there. */
  public void createTopic(String name) {
    if (resources.topics().stream().noneMatch(topic -> topic.settings().getName().equals(name))) {
      resources.create(Topic.newBuilder().setName(name).build());
    }
  }

  /** Creates a subscription by its full name, with the default settings, unless it is there. */
  public void createSubscription(String name, String topic) {
    createSubscription(Subscription.newBuilder().setName(name).setTopic(topic).build());
  }

  /** Creates a subscription with these settings, unless it is there. */
  public void createSubscription(Subscription subscription) {
    if (find(subscription.getName()).isEmpty()) {
      resources.create(subscription);
    }
  }

  /**
   * Has everything told that becomes of the messages of a subscription, by its full name, from now
   * on and across restarts that keep state.
   */
  public void journal(String subscription, SubscriptionJournal journal) {
    find(subscription).orElseThrow(() -> Refusal.notFound(subscription)).journal(journal);
  }

  /** Looks into the subscription of this full name, {@code projects/P/subscriptions/S}. */
  public SubscriptionProbe probe(String subscription) {
    return new SubscriptionProbe(() -> find(subscription));
  }

  /**
   * Stops, cutting every connection, and starts again on the same port.
   *
   * @param keepState true: topics, subscriptions and messages stay, and what was leased or waiting
   *     out a backoff is redelivered at once; false: nothing stays but the {@link #faults}
   */
  public synchronized void restart(boolean keepState) {
    stopListening();
    if (keepState) {
      resources.recover();
    } else {
      resources = newResources();
    }
    listenAgain();
  }

  /** A client that tries to connect may have been given that very port for its own end. */
  private void listenAgain() {
    for (int attempt = 1; ; attempt++) {
      try {
        listen();
        return;
      } catch (UncheckedIOException e) {
        if (attempt == MOST_ATTEMPTS) {
          throw e;
        }
        LockSupport.parkNanos(BETWEEN_ATTEMPTS.toNanos());
      }
    }
  }

  /** Stops and forgets everything. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    timer.shutdownNow();
    stopListening();
    sender.shutdown();
  }

  private Resources newResources() {
    return new Resources(ids, clock, sender, faults);
  }

  private void listen() {
    var gate = new Gate(faults, timer);
    try {
      // Calls are handled on the event loops: nothing in them blocks, and sending is done
      // elsewhere.
      server =
          NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
              .directExecutor()
              .maxInboundMessageSize(MAX_INBOUND_BYTES)
              .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
              .permitKeepAliveWithoutCalls(true)
              .permitKeepAliveTime(1, TimeUnit.SECONDS)
              .addService(new PublisherService(resources, gate))
              .addService(new SubscriberService(resources, gate))
              .addService(new PermissionsService(resources, faults, gate))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "The Pub/Sub emulator cannot listen on "
              + address()
              + ": choose another port or stop what uses it.",
          e);
    }
    port = server.getPort();
  }

  private void stopListening() {
    if (server == null) {
      return;
    }
    // Streams end as those of a service that goes away; cut off, they would say CANCELLED.
    server.shutdown();
    faults.cutStreams(Status.UNAVAILABLE.withDescription("The Pub/Sub emulator is stopping."));
    server.shutdownNow();
    try {
      server.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tick() {
    try {
      resources.tick();
    } catch (RuntimeException e) {
      // An exception would silently end the timer, and with it every redelivery.
      System.getLogger(EmbeddedPubSub.class.getName())
          .log(System.Logger.Level.ERROR, "The Pub/Sub emulator's timer failed", e);
    }
  }

  private Optional<SubscriptionState> find(String subscription) {
    return resources.subscriptions().stream()
        .filter(state -> state.settings().getName().equals(subscription))
        .findFirst();
  }

  private static ThreadFactory daemon(String name) {
    return task -> {
      var thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  private final class FaultyServer implements Faults.Server {

    @Override
    public int endStreams(Predicate<String> ofSubscription, Status status) {
      return resources.subscriptions().stream()
          .filter(state -> ofSubscription.test(state.settings().getName()))
          .mapToInt(state -> state.end(status, false))
          .sum();
    }

    @Override
    public void wakeAll() {
      resources.subscriptions().forEach(SubscriptionState::wake);
    }
  }
}
