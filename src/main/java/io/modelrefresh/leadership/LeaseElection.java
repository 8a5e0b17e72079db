package io.modelrefresh.leadership;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Competes for a lease for as long as this agent lives. Thread-safe.
 *
 * <p>An agent that is active stays so until it sees another hold the lease, however long it fails
 * to renew it. While the API server is away nobody can take the lease over, and if every agent
 * stopped, nobody would refresh anything. That two are active for a moment does no harm: agents
 * converge without a lease, too.
 */
public final class LeaseElection implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(LeaseElection.class);

  /** Told of the standing as it changes, one call at a time, on a thread of the election. */
  public interface Listener {

    /** This agent is the active one from now on. */
    void activated();

    /** This agent was the active one, and now another is. */
    void superseded(String holder);
  }

  private final Supplier<KubernetesClient> clients;
  private final LeaseSettings settings;
  private final Listener listener;
  private final BiConsumer<Duration, Runnable> timer;

  /** Guarded by this, as all below. */
  private Standing standing = new Standing.Standby(Optional.empty());

  private Optional<String> problem = Optional.empty();
  private Optional<LeaderElector> elector = Optional.empty();
  private Optional<CompletableFuture<?>> election = Optional.empty();
  private boolean closed;

  /**
   * @param clients asked once; what it gives is closed by its owner
   * @param timer runs a task after a while
   */
  public LeaseElection(
      Supplier<KubernetesClient> clients,
      LeaseSettings settings,
      BiConsumer<Duration, Runnable> timer,
      Listener listener) {
    this.clients = clients;
    this.settings = settings;
    this.timer = timer;
    this.listener = listener;
  }

  /** Begins to compete; returns at once. Call once. */
  public void start() {
    LOG.infof("Competing as %s for the lease %s", settings.identity(), settings);
    elect();
  }

  public synchronized Standing standing() {
    return standing;
  }

  /** Why the lease could not be asked for when last tried, and the remedy; empty if it could. */
  public synchronized Optional<String> problem() {
    return problem;
  }

  /** An election ends when renewing has failed for long, and with it the elector's use. */
  private synchronized void elect() {
    if (closed) {
      return;
    }
    var lock =
        new ReportingLock(
            new LeaseLock(settings.namespace(), settings.name(), settings.identity()), this::asked);
    LeaderElector next =
        clients
            .get()
            .leaderElector()
            .withConfig(
                new LeaderElectionConfigBuilder()
                    .withName(settings.name())
                    .withLock(lock)
                    .withLeaseDuration(settings.duration())
                    .withRenewDeadline(settings.renewDeadline())
                    .withRetryPeriod(settings.retryPeriod())
                    // Given back by close() only: when renewing fails, it may still be ours.
                    .withReleaseOnCancel(false)
                    .withLeaderCallbacks(
                        new LeaderCallbacks(this::leading, () -> {}, this::newHolder))
                    .build())
            .build();
    CompletableFuture<?> running = next.start();
    elector = Optional.of(next);
    election = Optional.of(running);
    running.whenComplete((nothing, failure) -> timer.accept(settings.retryPeriod(), this::elect));
  }

  private void leading() {
    synchronized (this) {
      if (closed || standing instanceof Standing.Active) {
        return;
      }
      standing = new Standing.Active();
    }
    LOG.infof("%s holds the lease %s and is active", settings.identity(), settings);
    listener.activated();
  }

  /**
   * @param holder null when nobody holds it
   */
  private void newHolder(String holder) {
    if (settings.identity().equals(holder)) {
      return;
    }
    Optional<String> other = Optional.ofNullable(holder).filter(name -> !name.isEmpty());
    boolean superseded;
    synchronized (this) {
      superseded = standing instanceof Standing.Active;
      if (closed || superseded && other.isEmpty()) {
        return;
      }
      standing = new Standing.Standby(other);
    }
    LOG.infof(
        "The lease %s is held by %s: %s %s",
        settings,
        other.orElse("nobody"),
        settings.identity(),
        superseded ? "was active, and is no longer" : "stands by");
    if (superseded) {
      listener.superseded(holder);
    }
  }

  private void asked(Optional<KubernetesClientException> failure) {
    Optional<String> now = failure.map(this::reason);
    Optional<String> before;
    synchronized (this) {
      before = problem;
      problem = now;
    }
    if (now.isPresent() && !now.equals(before)) {
      LOG.warnf("The lease %s: %s", settings, now.get());
    } else if (now.isEmpty() && before.isPresent()) {
      LOG.infof("The lease %s can be asked for again", settings);
    }
  }

  private String reason(KubernetesClientException failure) {
    if (failure.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
      return "the API server forbids it: grant the agent's service account the verbs get, create,"
          + " patch on leases.coordination.k8s.io in namespace "
          + settings.namespace();
    }
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return "the API server cannot be asked: "
        + (root.getMessage() == null ? root.toString() : root.getMessage());
  }

  /** Stops competing and, if this agent holds the lease, gives it back. Blocks for that. */
  @Override
  public void close() {
    Optional<LeaderElector> last;
    Optional<CompletableFuture<?>> running;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      last = elector;
      running = election;
    }
    // Both wait for the elector's lock, whose holder may be waiting for this one's.
    running.ifPresent(future -> future.cancel(true));
    try {
      if (last.isPresent() && last.get().release()) {
        LOG.infof("%s has given the lease %s back", settings.identity(), settings);
      }
    } catch (KubernetesClientException e) {
      LOG.warnf("The lease %s is left to expire: %s", settings, reason(e));
    }
  }
}
