package io.modelrefresh.agent;

import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.pubsub.ChannelDraining;
import io.modelrefresh.pubsub.SubscriptionReopened;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.LaneContext;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.refresh.RefreshListener;
import io.modelrefresh.refresh.RefreshListeners;
import io.modelrefresh.serving.CircuitBreaker;
import io.modelrefresh.serving.DryRunLoader;
import io.modelrefresh.serving.LoadLimit;
import io.modelrefresh.serving.ModelServers;
import io.modelrefresh.serving.ReplicaLoader;
import io.quarkus.arc.All;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;

/** Builds the lanes from the catalog, and ends them with the channel. */
@ApplicationScoped
class RefreshAssembly {

  private static final Logger LOG = Logger.getLogger(RefreshAssembly.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(500);

  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }

  @Produces
  @Singleton
  HeldMessages heldMessages() {
    return new HeldMessages();
  }

  @Produces
  @Singleton
  Lanes lanes(
      LiveCatalog catalog,
      ModelServers servers,
      AgentConfig config,
      Clock clock,
      Vertx vertx,
      @All List<RefreshListener> listeners) {
    RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    LaneContext context =
        new LaneContext(
            Long.toString(clock.millis(), Character.MAX_RADIX),
            clock,
            (delay, task) -> {
              long timer = vertx.setTimer(Math.max(1, delay.toMillis()), id -> task.run());
              return () -> vertx.cancelTimer(timer);
            },
            new Backoff(FIRST_RETRY, config.resyncInterval(), random),
            random::nextDouble,
            new RefreshListeners(listeners));
    if (config.dryRun()) {
      LOG.warn("Dry run: no model server is touched, and updates are acknowledged all the same");
    }
    Function<Model, ReplicaLoader> loaders =
        config.dryRun() ? model -> new DryRunLoader(model.name()) : servers::loaderFor;
    LoadLimit limit = new LoadLimit(config.maxConcurrentLoads());
    CircuitBreaker breaker = new CircuitBreaker();
    return new Lanes(
        catalog.current().models(),
        servers::discoveryFor,
        model -> breaker.guard(loaders.apply(model), limit::limit),
        context,
        config.resyncInterval());
  }

  void reopened(@Observes SubscriptionReopened event, Lanes lanes) {
    if (FeatureUpdateConsumer.CHANNEL.equals(event.channel())) {
      LOG.warnf(
          "Subscription %s is open again after %s: every model is refreshed once, since updates"
              + " published meanwhile may be gone",
          event.subscription(), event.cause());
      lanes.oweAll();
    }
  }

  void draining(@Observes ChannelDraining event, Lanes lanes) {
    if (FeatureUpdateConsumer.CHANNEL.equals(event.channel())) {
      lanes.close();
    }
  }
}
