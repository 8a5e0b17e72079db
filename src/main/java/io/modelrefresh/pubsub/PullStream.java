package io.modelrefresh.pubsub;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutureCallback;
import com.google.api.core.ApiFutures;
import com.google.api.core.ApiService;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.pubsub.v1.ProjectSubscriptionName;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * Keeps one {@link Subscriber} open: asks whether the subscription can be consumed, starts a
 * subscriber, and when that ends for good starts over, with jittered backoff, for as long as it
 * takes.
 *
 * <p>The stream counts as open while a connection carries a StreamingPull that the server has not
 * ended, once there is a sign that the server accepts it: it answered on the stream, or it has not
 * refused it within {@link #GRACE} (within {@link #LONG_GRACE} if GetSubscription was denied: a
 * role may allow to consume but not to get).
 *
 * <p>State changes are rare and under this object's monitor; listeners are called outside of it.
 */
final class PullStream {

  /** A server that refuses a stream does so well within this. */
  static final Duration GRACE = Duration.ofSeconds(1);

  static final Duration LONG_GRACE = Duration.ofSeconds(5);

  private static final Logger LOG = Logger.getLogger(PullStream.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(500);

  /** What the stream needs of Google's client. */
  interface Client {
    /** Fails as the server does if the subscription is missing or may not be seen. */
    ApiFuture<?> probe();

    Subscriber subscriber(StreamWatch watch);
  }

  /** Called on connector threads. */
  interface Listener {
    /**
     * @param lost why the stream had ended, if the server had ended it for good
     */
    void opened(Optional<Remedy> lost);

    /** The server ended the stream for good, or would not open one; it is tried again. */
    void failed(Remedy remedy);
  }

  /** Whether the stream is open, and if not, why. */
  record Health(boolean open, String detail) {}

  private enum State {
    IDLE,
    WAITING,
    STARTED,
    STOPPED
  }

  private final ProjectSubscriptionName subscription;
  private final Optional<String> topic;
  private final Duration maxWait;
  private final Client client;
  private final ScheduledExecutorService executor;
  private final Listener listener;

  private State state = State.IDLE;
  private int attempts;
  private boolean proven;
  private boolean open;
  private Optional<Remedy> lost = Optional.empty();
  private String detail = "not started: nothing was requested yet";
  private Optional<Subscriber> subscriber = Optional.empty();
  private Optional<StreamWatch> watch = Optional.empty();

  PullStream(
      ProjectSubscriptionName subscription,
      Optional<String> topic,
      Duration maxWait,
      Client client,
      ScheduledExecutorService executor,
      Listener listener) {
    this.subscription = subscription;
    this.topic = topic;
    this.maxWait = maxWait;
    this.client = client;
    this.executor = executor;
    this.listener = listener;
  }

  synchronized void start() {
    if (state == State.IDLE) {
      state = State.WAITING;
      detail = "asking for " + subscription;
      executor.execute(this::attempt);
    }
  }

  /**
   * Stops pulling, at once; the subscriber goes on to extend leases and to send acks until its
   * messages are settled.
   */
  synchronized void stop() {
    state = State.STOPPED;
    open = false;
    detail = "stopped";
    subscriber.ifPresent(Subscriber::stopAsync);
  }

  /** Waits until the last acks are sent; false if that took too long. Blocks. */
  boolean awaitStopped(Duration timeout) {
    var current = synchronizedSubscriber();
    if (current.isEmpty()) {
      return true;
    }
    try {
      current.get().awaitTerminated(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (IllegalStateException alreadyFailed) {
      return true;
    }
  }

  synchronized Health health() {
    return new Health(open, detail);
  }

  synchronized boolean isIdle() {
    return state == State.IDLE;
  }

  private synchronized Optional<Subscriber> synchronizedSubscriber() {
    return subscriber;
  }

  private void attempt() {
    try {
      ApiFutures.addCallback(
          client.probe(),
          new ApiFutureCallback<Object>() {
            @Override
            public void onSuccess(Object found) {
              open(true);
            }

            @Override
            public void onFailure(Throwable failure) {
              probeFailed(failure);
            }
          },
          executor);
    } catch (RuntimeException e) {
      probeFailed(e);
    }
  }

  private void probeFailed(Throwable failure) {
    var remedy = Remedy.of(failure, subscription, topic);
    if (remedy.code().equals(Status.Code.PERMISSION_DENIED.name())) {
      // roles/pubsub.subscriber allows to consume and not to get: let the stream itself tell.
      open(false);
    } else {
      retry(remedy);
    }
  }

  private void open(boolean probed) {
    try {
      synchronized (this) {
        if (state != State.WAITING) {
          return;
        }
        state = State.STARTED;
        proven = false;
        detail = "opening a stream to " + subscription;
        var watching = new StreamWatch(this::evaluate);
        var starting = client.subscriber(watching);
        watch = Optional.of(watching);
        subscriber = Optional.of(starting);
        starting.addListener(
            new ApiService.Listener() {
              @Override
              public void failed(ApiService.State from, Throwable failure) {
                ended(starting, failure);
              }
            },
            MoreExecutors.directExecutor());
        starting.startAsync();
        awaitGrace(watching, probed ? GRACE : LONG_GRACE);
      }
    } catch (RuntimeException e) {
      retry(Remedy.of(e, subscription, topic));
    }
  }

  private void awaitGrace(StreamWatch watching, Duration grace) {
    executor.schedule(() -> outlived(watching, grace), grace.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void outlived(StreamWatch watching, Duration grace) {
    synchronized (this) {
      if (state != State.STARTED || watch.filter(watching::equals).isEmpty()) {
        return;
      }
      proven = watching.isConnected();
      if (!proven) {
        awaitGrace(watching, grace);
      }
    }
    evaluate();
  }

  private void ended(Subscriber which, Throwable failure) {
    synchronized (this) {
      if (state != State.STARTED || subscriber.filter(which::equals).isEmpty()) {
        return;
      }
      state = State.WAITING;
    }
    retry(Remedy.of(failure, subscription, topic));
  }

  private void retry(Remedy remedy) {
    long wait;
    synchronized (this) {
      if (state == State.STOPPED) {
        return;
      }
      state = State.WAITING;
      open = false;
      if (remedy.isTerminal()) {
        lost = Optional.of(remedy);
      }
      subscriber = Optional.empty();
      watch = Optional.empty();
      wait = backoff(attempts++);
      detail = remedy.text();
    }
    LOG.warnf("%s; trying again in %d ms", remedy.text(), wait);
    listener.failed(remedy);
    executor.schedule(this::attempt, wait, TimeUnit.MILLISECONDS);
  }

  /** Doubles, up to the maximum; half of it is random so that many agents do not come at once. */
  private long backoff(int attempt) {
    var full = Math.min(maxWait.toMillis(), FIRST_WAIT.toMillis() << Math.min(attempt, 20));
    return full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
  }

  /** Something about the stream changed: is it open? */
  private void evaluate() {
    boolean opened;
    Optional<Remedy> after;
    Optional<Remedy> ended = Optional.empty();
    synchronized (this) {
      if (state != State.STARTED || watch.isEmpty()) {
        return;
      }
      var seen = watch.get();
      if (!seen.isConnected()) {
        // Google's subscriber says FAILED only after it has waited for the messages in flight.
        ended =
            seen.lastEnd()
                .map(end -> Remedy.of(end.asRuntimeException(), subscription, topic))
                .filter(Remedy::isTerminal);
        if (ended.isPresent()) {
          state = State.WAITING;
        }
      }
      var wasOpen = open;
      open = seen.isConnected() && (proven || seen.hasAnswered());
      opened = open && !wasOpen;
      after = lost;
      if (open) {
        detail = "open";
        attempts = 0;
        lost = Optional.empty();
      } else {
        detail =
            "the stream to %s is not open%s"
                .formatted(
                    subscription,
                    seen.lastEnd().map(end -> ": it ended with " + end.getCode()).orElse(""));
      }
    }
    if (ended.isPresent()) {
      retry(ended.get());
    } else if (opened) {
      listener.opened(after);
    }
  }
}
