package io.modelrefresh.agent;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.leadership.LeaseElection;
import io.modelrefresh.leadership.LeaseSettings;
import io.modelrefresh.leadership.Standing;
import io.modelrefresh.pubsub.ChannelDraining;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.retraining.Retraining;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.reactive.messaging.ChannelRegistry;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.BeforeDestroyed;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * Makes this agent do its work: at the start, or once it holds the lease where there is one. Until
 * then the subscription is not opened and no model server is touched.
 */
@ApplicationScoped
class ActiveAgent implements LeaseElection.Listener {

  private static final Logger LOG = Logger.getLogger(ActiveAgent.class);

  private final Provisioning provisioning;
  private final Lanes lanes;
  private final Retraining retraining;
  private final ChannelRegistry channels;
  private final Clock clock;
  private final Optional<LeaseElection> election;

  /** When the agent is to have ended what is under way. Written and read as it shuts down. */
  private volatile Instant drainedBy = Instant.EPOCH;

  ActiveAgent(
      AgentConfig config,
      Provisioning provisioning,
      Lanes lanes,
      Retraining retraining,
      ChannelRegistry channels,
      Instance<KubernetesClient> kubernetes,
      Vertx vertx,
      Clock clock) {
    this.provisioning = provisioning;
    this.lanes = lanes;
    this.retraining = retraining;
    this.channels = channels;
    this.clock = clock;
    election =
        config
            .lease()
            .name()
            .map(
                name ->
                    new LeaseElection(
                        kubernetes::get,
                        settings(name, config.lease(), kubernetes),
                        (delay, task) ->
                            vertx.setTimer(
                                delay.toMillis(),
                                id ->
                                    vertx.executeBlocking(
                                        () -> {
                                          task.run();
                                          return id;
                                        },
                                        false)),
                        this));
  }

  private static LeaseSettings settings(
      String name, AgentConfig.Lease config, Instance<KubernetesClient> kubernetes) {
    String host = System.getenv("HOSTNAME");
    return new LeaseSettings(
        config.namespace().orElseGet(() -> kubernetes.get().getNamespace()),
        name,
        config
            .identity()
            .orElseGet(() -> host == null || host.isBlank() ? UUID.randomUUID().toString() : host),
        config.duration());
  }

  void start(@Observes StartupEvent event) {
    election.ifPresentOrElse(LeaseElection::start, this::activated);
  }

  /**
   * After the channels are drained, and the loads have ended: the next agent finds nothing of this
   * one's under way.
   */
  void stop(@Observes @BeforeDestroyed(ApplicationScoped.class) @Priority(60) Object event) {
    election.ifPresent(
        held -> {
          awaitLoads();
          held.close();
        });
  }

  void draining(@Observes ChannelDraining event) {
    if (FeatureUpdateConsumer.CHANNEL.equals(event.channel())) {
      drainedBy = clock.instant().plus(event.timeout());
    }
  }

  /** Those that no message waits for are none of the channel's, which is drained without them. */
  private void awaitLoads() {
    CompletableFuture<Void> ended = lanes.close().toCompletableFuture();
    if (ended.isDone()) {
      return;
    }
    LOG.info("The lease is kept until the loads under way have ended");
    Duration left = Duration.between(clock.instant(), drainedBy);
    try {
      ended.get(left.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn("Loads are under way still, at the end of drain-timeout: they are given up");
    } catch (ExecutionException e) {
      LOG.error("Whether loads are under way is not known", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Standing standing() {
    return election.map(LeaseElection::standing).orElseGet(Standing.Active::new);
  }

  /** Why the lease cannot be asked for; empty if it can, and where there is none. */
  Optional<String> problem() {
    return election.flatMap(LeaseElection::problem);
  }

  @Override
  public void activated() {
    provisioning.start();
    lanes.start();
    retraining.start();
    channels.getPausable(FeatureUpdateConsumer.CHANNEL).resume();
  }

  /**
   * A process that begins anew is certain to have let go of everything; one that goes on is not.
   */
  @Override
  public void superseded(String holder) {
    LOG.warnf(
        "%s is the active agent now: this one ends, to be started again as its standby", holder);
    Quarkus.asyncExit();
  }
}
