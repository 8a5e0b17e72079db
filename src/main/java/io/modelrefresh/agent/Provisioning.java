package io.modelrefresh.agent;

import io.modelrefresh.pubsub.PubSubServer;
import io.modelrefresh.pubsub.provisioning.NeededResources;
import io.modelrefresh.pubsub.provisioning.Provisioner;
import io.modelrefresh.pubsub.provisioning.Shortcoming;
import io.vertx.core.Vertx;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Sees to the agent's topics and subscriptions as {@code model-refresh.provision} says, from the
 * moment the agent is the active one, and goes on looking: an emulator forgets them, people delete
 * them.
 */
@ApplicationScoped
class Provisioning {

  /** What an agent does about topics and subscriptions. */
  enum Mode {
    /** Creates what is missing, then verifies. */
    CREATE,
    /** Says what is missing. */
    VERIFY,
    NONE
  }

  private static final Logger LOG = Logger.getLogger(Provisioning.class);
  private static final Duration INTERVAL = Duration.ofSeconds(20);

  /**
   * While Pub/Sub cannot be asked, or what is needed is not there: somebody is about to mend that.
   */
  private static final Duration SHORT_INTERVAL = Duration.ofSeconds(2);

  private static final String CHANNEL = "mp.messaging.incoming." + FeatureUpdateConsumer.CHANNEL;

  private final Mode mode;
  private final PubSubServer server;
  private final Vertx vertx;
  private final Optional<String> project;
  private final String topic;
  private final String subscription;
  private final String deadLetterTopic;
  private final String deadLetterSubscription;

  /** Made by the first look that finds credentials. Guarded by this, as is what follows. */
  private Optional<Provisioner> provisioner = Optional.empty();

  private boolean closed;
  private volatile List<Shortcoming> shortcomings = List.of();

  Provisioning(
      AgentConfig config,
      PubSubServer server,
      Vertx vertx,
      @ConfigProperty(name = CHANNEL + ".project-id") Optional<String> project,
      @ConfigProperty(name = CHANNEL + ".topic") String topic,
      @ConfigProperty(name = CHANNEL + ".subscription") String subscription,
      @ConfigProperty(name = CHANNEL + ".dead-letter.topic") String deadLetterTopic) {
    this.mode = config.provision();
    this.server = server;
    this.vertx = vertx;
    this.project = project;
    this.topic = topic;
    this.subscription = subscription;
    this.deadLetterTopic = deadLetterTopic;
    this.deadLetterSubscription = config.deadLetter().subscription();
  }

  /**
   * Returns once what is missing is created, as far as it can be: blocks for some seconds at most.
   * What only has to be looked at is looked at elsewhere.
   */
  void start() {
    switch (mode) {
      case CREATE -> look();
      case VERIFY -> elsewhere();
      case NONE -> {}
    }
  }

  /** What is amiss, as last seen; empty while nothing is known. */
  List<Shortcoming> shortcomings() {
    return shortcomings;
  }

  private void elsewhere() {
    vertx.executeBlocking(
        () -> {
          look();
          return mode;
        },
        false);
  }

  private synchronized void look() {
    if (closed) {
      return;
    }
    Duration pause = SHORT_INTERVAL;
    try {
      if (provisioner.isEmpty()) {
        provisioner = Optional.of(new Provisioner(server));
      }
      NeededResources needed = needed();
      report(
          mode == Mode.CREATE
              ? provisioner.get().create(needed)
              : provisioner.get().verify(needed));
      pause = shortcomings.stream().anyMatch(Shortcoming::blocking) ? SHORT_INTERVAL : INTERVAL;
    } catch (IOException | RuntimeException e) {
      // Why Pub/Sub cannot be asked is for the channel to say, which needs more of it.
      LOG.debugf(e, "Topics and subscriptions cannot be looked at");
    } finally {
      vertx.setTimer(pause.toMillis(), id -> elsewhere());
    }
  }

  private NeededResources needed() {
    return NeededResources.of(
        project.orElseGet(server::projectId),
        topic,
        subscription,
        deadLetterTopic,
        deadLetterSubscription);
  }

  private void report(List<Shortcoming> found) {
    Set<Shortcoming> before = new HashSet<>(shortcomings);
    shortcomings = found;
    found.stream().filter(each -> !before.contains(each)).forEach(each -> LOG.warn(each.text()));
    String mended =
        before.stream()
            .map(Shortcoming::resource)
            .filter(resource -> found.stream().noneMatch(each -> each.resource().equals(resource)))
            .sorted()
            .collect(Collectors.joining(", "));
    if (!mended.isEmpty()) {
      LOG.infof("There, and as needed, by now: %s", mended);
    }
  }

  @PreDestroy
  synchronized void close() {
    closed = true;
    provisioner.ifPresent(Provisioner::close);
  }
}
