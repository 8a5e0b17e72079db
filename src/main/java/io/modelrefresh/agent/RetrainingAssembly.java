package io.modelrefresh.agent;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.pubsub.ChannelDraining;
import io.modelrefresh.pubsub.PubSubPublisher;
import io.modelrefresh.retraining.Retraining;
import io.modelrefresh.retraining.RetrainingFactory;
import io.modelrefresh.retraining.RetrainingSettings;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.concurrent.ThreadLocalRandom;

/** Builds retraining, stops the start when a queue is wrong, and ends with the channel. */
@ApplicationScoped
class RetrainingAssembly {

  /** Before the agent becomes active. */
  private static final int EARLY = 100;

  @Produces
  @Singleton
  RetrainingFactory factory(
      AgentConfig config,
      Instance<KubernetesClient> kubernetes,
      Instance<PubSubPublisher> publisher,
      TlsConfigurationRegistry tls,
      Vertx vertx,
      Clock clock) {
    return new RetrainingFactory(
        new RetrainingSettings(
            config.retraining().ledger(),
            config.retraining().ledgerNamespace(),
            config.retraining().scanInterval()),
        config.dryRun(),
        kubernetes::get,
        publisher::get,
        tls,
        vertx,
        clock);
  }

  void close(@Disposes RetrainingFactory factory) {
    factory.close();
  }

  @Produces
  @Singleton
  Retraining retraining(
      RetrainingFactory factory, LiveCatalog catalog, RetrainingMetrics metrics, Vertx vertx) {
    return factory.create(
        catalog::current,
        (delay, task) -> {
          long timer = vertx.setTimer(Math.max(1, delay.toMillis()), id -> task.run());
          return () -> vertx.cancelTimer(timer);
        },
        () -> ThreadLocalRandom.current().nextLong(),
        metrics);
  }

  void check(
      @Observes @Priority(EARLY) StartupEvent event,
      RetrainingFactory factory,
      LiveCatalog catalog) {
    factory.requireUsable(catalog.current().models());
  }

  void draining(@Observes ChannelDraining event, Retraining retraining) {
    if (FeatureUpdateConsumer.CHANNEL.equals(event.channel())) {
      retraining.close();
    }
  }
}
