package io.modelrefresh.agent;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.CatalogFactory;
import io.modelrefresh.catalog.CatalogFile;
import io.modelrefresh.catalog.LiveCatalog;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.retraining.RetrainingFactory;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/**
 * Reads the catalog, at the start from wherever it is and then from its file whenever that has
 * changed. A bad catalog stops the start; later it is refused, and the one before stays in force.
 *
 * <p>The file is read anew every few seconds and compared: a mounted ConfigMap changes by a
 * symbolic link two directories up, which nothing watched in the file's own directory would tell.
 */
@ApplicationScoped
class CatalogReload {

  /**
   * A content of the file that was not taken over.
   *
   * @param reason names the file or the key, and the remedy
   */
  record Refusal(Instant since, String reason) {}

  private static final String MODELS = "model-refresh.models.";
  private static final Logger LOG = Logger.getLogger(CatalogReload.class);

  private final Optional<CatalogFile> file;
  private final Clock clock;
  private final AtomicBoolean checking = new AtomicBoolean();

  private volatile Optional<Refusal> refusal = Optional.empty();

  /**
   * What was taken over last, if nothing was refused since: that is judged anew each time, for it
   * may be mended elsewhere, in a template's file or in the cluster. Written by one check at a
   * time.
   */
  private volatile Optional<String> taken = Optional.empty();

  /**
   * What was read last: judged when it is read again, since a file that is being written may read
   * as one with fewer models. As above.
   */
  private volatile Optional<String> read = Optional.empty();

  CatalogReload(AgentConfig config, Clock clock) {
    file = config.catalog().location().map(CatalogFile::new);
    this.clock = clock;
  }

  @Produces
  @Singleton
  LiveCatalog catalog(Config config) {
    if (file.isEmpty()) {
      return new LiveCatalog(CatalogFactory.create(config));
    }
    if (StreamSupport.stream(config.getPropertyNames().spliterator(), false)
        .anyMatch(key -> key.startsWith(MODELS))) {
      LOG.warnf(
          "%s* of the configuration is not used: the models are those of %s",
          MODELS, file.get().location());
    }
    String content = file.get().read();
    taken = Optional.of(content);
    return new LiveCatalog(file.get().parse(content));
  }

  void start(
      @Observes StartupEvent event,
      AgentConfig config,
      LiveCatalog catalog,
      Lanes lanes,
      RetrainingFactory queues,
      MeterRegistry registry,
      Vertx vertx) {
    say(catalog.current(), file.map(from -> " of " + from.location()).orElse(""));
    if (file.isPresent()) {
      Gauge.builder("model.catalog.last.reload.successful", () -> refusal.isPresent() ? 0 : 1)
          .description("Whether the catalog's file, as it is now, is in force")
          .register(registry);
      vertx.setPeriodic(
          config.catalog().checkInterval().toMillis(),
          id -> checkOn(vertx, () -> check(file.get(), catalog, lanes, queues)));
    }
  }

  /** Why the file, as it is now, is not in force; empty when it is. */
  Optional<Refusal> refusal() {
    return refusal;
  }

  /** One check at a time, however long the file system takes. */
  private void checkOn(Vertx vertx, Runnable check) {
    if (checking.compareAndSet(false, true)) {
      vertx
          .executeBlocking(
              () -> {
                check.run();
                return checking;
              },
              false)
          .onComplete(done -> checking.set(false));
    }
  }

  private void check(CatalogFile from, LiveCatalog catalog, Lanes lanes, RetrainingFactory queues) {
    try {
      String content = from.read();
      boolean settled = read.equals(Optional.of(content));
      read = Optional.of(content);
      if (!settled || taken.equals(read)) {
        return;
      }
      Catalog next = from.parse(content);
      queues.requireUsable(next.models());
      Runnable change = lanes.prepare(next.models());
      catalog.replace(next);
      change.run();
      taken = read;
      refusal = Optional.empty();
      say(next, " of " + from.location() + ", which has changed");
    } catch (RuntimeException e) {
      taken = Optional.empty();
      refuse(from, e);
    }
  }

  /** Said once for each reason, however often the file is looked at. */
  private void refuse(CatalogFile from, RuntimeException cause) {
    String reason = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    if (refusal.filter(before -> before.reason().equals(reason)).isEmpty()) {
      refusal = Optional.of(new Refusal(clock.instant(), reason));
      LOG.errorf(
          "The catalog of %s is refused, and the one before stays in force: %s",
          from.location(), reason);
    }
  }

  private static void say(Catalog catalog, String whence) {
    if (catalog.models().isEmpty()) {
      LOG.warnf("The catalog%s has no models, so every update is ignored: set %s*", whence, MODELS);
    } else {
      LOG.infof("Models in the catalog%s: %d", whence, catalog.models().size());
    }
  }
}
