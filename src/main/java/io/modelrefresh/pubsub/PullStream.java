package io.modelrefresh.pubsub;

import com.google.cloud.pubsub.v1.stub.SubscriberStub;
import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Keeps one {@link PullCall} open: when it ends, whatever the reason, another is made, with
 * jittered backoff, for as long as it takes.
 *
 * <p>The stream counts as open while a connection carries a call that the server has not ended,
 * once the server has answered on it; of a server that answers nothing before there is a message,
 * once it has not refused the call within {@link #GRACE}.
 *
 * <p>State changes are rare and under this object's monitor; listeners are called outside of it.
 */
final class PullStream implements PullCall.Listener {

  /** A server that refuses a stream does so well within this. */
  static final Duration GRACE = Duration.ofSeconds(1);

  private static final Logger LOG = Logger.getLogger(PullStream.class);
  private static final Duration FIRST_WAIT = Duration.ofMillis(200);

  /** How long what is on its way may take to arrive when the stream is stopped. */
  private static final Duration LAST_RESPONSES = Duration.ofSeconds(1);

  /** What a stream asks of its channel, and tells it. */
  interface Listener {
    /** On gRPC's threads, one at a time; must not block. */
    void received(StreamingPullResponse response);

    /** Whether more may be received. */
    boolean hasRoom();

    /**
     * @param lost why the stream had ended, if for a reason that somebody had to mend
     */
    void opened(Optional<Remedy> lost);

    /** The stream ended, or could not be opened; it is tried again. */
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
  private final Duration keepAliveInterval;
  private final StreamingPullRequest first;
  private final Supplier<SubscriberStub> stub;
  private final ScheduledExecutorService executor;
  private final Listener listener;

  private State state = State.IDLE;
  private int attempts;
  private volatile boolean open;
  private Optional<Remedy> lost = Optional.empty();
  private String detail = "not started: nothing was requested yet";
  private volatile Optional<PullCall> call = Optional.empty();

  /**
   * @param stub asked on the executor only: it may block
   */
  PullStream(
      InboundSettings settings,
      Duration lease,
      Supplier<SubscriberStub> stub,
      ScheduledExecutorService executor,
      Listener listener) {
    this.subscription = settings.subscription();
    this.topic = settings.topic();
    this.maxWait = settings.restartMaxWait();
    this.keepAliveInterval = settings.keepAliveInterval();
    this.first =
        StreamingPullRequest.newBuilder()
            .setSubscription(subscription.toString())
            .setStreamAckDeadlineSeconds((int) lease.toSeconds())
            .setMaxOutstandingMessages(settings.maxOutstandingMessages())
            .setMaxOutstandingBytes(settings.maxOutstandingBytes())
            // From this version on the service answers keepalives.
            .setProtocolVersion(1)
            .build();
    this.stub = stub;
    this.executor = executor;
    this.listener = listener;
  }

  synchronized void start() {
    if (state == State.IDLE) {
      state = State.WAITING;
      detail = "opening a stream to " + subscription;
      executor.execute(this::connect);
    }
  }

  /** There is room for more messages again. On any thread, often. */
  void roomMade() {
    var current = call;
    if (current.isPresent() && listener.hasRoom()) {
      current.get().resume();
    }
  }

  /** Asks for no more messages; what is on its way still comes. */
  synchronized void stop() {
    state = State.STOPPED;
    open = false;
    detail = "stopped";
    call.ifPresent(PullCall::finish);
  }

  /** After {@link #stop}: blocks until nothing can come any more. */
  void awaitStopped() {
    call.ifPresent(stopped -> stopped.awaitEnd(LAST_RESPONSES.toMillis()));
  }

  synchronized Health health() {
    return new Health(open, detail);
  }

  synchronized boolean isIdle() {
    return state == State.IDLE;
  }

  private void connect() {
    var next = new PullCall(first, this);
    synchronized (this) {
      if (state != State.WAITING) {
        return;
      }
      state = State.STARTED;
      call = Optional.of(next);
    }
    try {
      next.start(stub.get());
      keepAliveLater(next);
    } catch (RuntimeException e) {
      ended(next, e);
    }
  }

  private void keepAliveLater(PullCall of) {
    executor.schedule(
        () -> {
          if (isCurrent(of)) {
            of.keepAlive();
            keepAliveLater(of);
          }
        },
        keepAliveInterval.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private synchronized boolean isCurrent(PullCall which) {
    return state == State.STARTED && call.filter(which::equals).isPresent();
  }

  @Override
  public void connected(PullCall which) {
    if (isCurrent(which)) {
      executor.schedule(() -> outlived(which), GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void outlived(PullCall which) {
    synchronized (this) {
      if (!isCurrent(which)) {
        return;
      }
      attempts = 0;
    }
    answered(which);
  }

  @Override
  public void answered(PullCall which) {
    if (open) {
      return;
    }
    Optional<Remedy> after;
    synchronized (this) {
      if (open || !isCurrent(which)) {
        return;
      }
      open = true;
      detail = "open";
      after = lost;
      lost = Optional.empty();
    }
    listener.opened(after);
  }

  @Override
  public void received(StreamingPullResponse response) {
    listener.received(response);
  }

  @Override
  public boolean hasRoom() {
    return listener.hasRoom();
  }

  @Override
  public void ended(PullCall which, Throwable failure) {
    var remedy = Remedy.of(failure, subscription, topic);
    long wait;
    synchronized (this) {
      if (!isCurrent(which)) {
        return;
      }
      state = State.WAITING;
      open = false;
      call = Optional.empty();
      if (remedy.isTerminal()) {
        lost = Optional.of(remedy);
      }
      detail = remedy.text();
      wait = backoff(attempts++);
    }
    LOG.logf(
        remedy.isTerminal() || attempts > 1 ? Logger.Level.WARN : Logger.Level.INFO,
        "%s; trying again in %d ms",
        remedy.text(),
        wait);
    listener.failed(remedy);
    executor.schedule(this::connect, wait, TimeUnit.MILLISECONDS);
  }

  /** Doubles, up to the maximum; half of it is random so that many agents do not come at once. */
  private long backoff(int attempt) {
    var full = Math.min(maxWait.toMillis(), FIRST_WAIT.toMillis() << Math.min(attempt, 20));
    return full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1);
  }
}
