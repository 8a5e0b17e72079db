package io.modelrefresh.retraining;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.catalog.Catalog;
import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingTarget;
import io.modelrefresh.pubsub.PubSubPublisher;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.Timer;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Makes {@link Retraining} of its configuration, and tells what is wrong with the queues of models.
 * Makes a Kubernetes client or a publisher only for what needs one. Closed after what it made.
 */
public final class RetrainingFactory implements AutoCloseable {

  /** How long the start waits, in all, for API servers that are asked about templates. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private static final String LEDGER = "model-refresh.retraining.ledger";

  private static final Duration FIRST_RETRY = Duration.ofMillis(500);

  /** By which a process knows that it runs in a cluster (Kubernetes, environment of a pod). */
  private static final String IN_CLUSTER = "KUBERNETES_SERVICE_HOST";

  private final RetrainingSettings settings;
  private final boolean dryRun;
  private final Clock clock;
  private final ClusterAccess cluster;
  private final RetrainingQueues queues;
  private final Rehearsals rehearsals;
  private Optional<Boolean> shared = Optional.empty();

  /**
   * @param dryRun whether to touch no queue and no ledger
   */
  public RetrainingFactory(
      RetrainingSettings settings,
      boolean dryRun,
      Supplier<KubernetesClient> kubernetes,
      Supplier<PubSubPublisher> publisher,
      TlsConfigurationRegistry tls,
      Vertx vertx,
      Clock clock) {
    this.settings = settings;
    this.dryRun = dryRun;
    this.clock = clock;
    cluster = new ClusterAccess(kubernetes, vertx);
    GoogleTokens google = new GoogleTokens(vertx);
    queues = new RetrainingQueues(cluster, publisher, vertx, tls, google::token, clock);
    rehearsals = new Rehearsals(queues::queueFor, vertx, settings.scanInterval());
  }

  /**
   * @param catalog the catalog as it is now, asked each time
   * @throws IllegalArgumentException naming the key of what is wrong
   */
  public Retraining create(
      Supplier<Catalog> catalog, Timer timer, RandomGenerator random, RetrainingListener listener) {
    return new Retraining(
        shared(catalog.get().models())
            ? new KubernetesLedger(cluster, settings.ledgerNamespace())
            : new MemoryLedger(),
        name -> catalog.get().model(name),
        dryRun ? model -> job -> Uni.createFrom().item(Enqueued::created) : queues::queueFor,
        clock,
        timer,
        new Backoff(FIRST_RETRY, settings.scanInterval(), random),
        listener,
        () -> catalog.get().models().stream().anyMatch(model -> model.retraining().isPresent()),
        settings.scanInterval());
  }

  /**
   * Whether the ledger is in the cluster; decided once, by the models there are then, since a
   * ledger does not move.
   */
  private synchronized boolean shared(Collection<Model> models) {
    if (shared.isEmpty()) {
      boolean chosen =
          switch (settings.ledger()) {
            case "kubernetes" -> true;
            case "memory" -> false;
            case "auto" ->
                System.getenv(IN_CLUSTER) != null
                    || models.stream().anyMatch(RetrainingFactory::inKubernetes);
            default ->
                throw new IllegalArgumentException(
                    LEDGER
                        + ": expected kubernetes, memory or auto, got \""
                        + settings.ledger()
                        + '"');
          };
      shared = Optional.of(chosen && !dryRun);
    }
    return shared.get();
  }

  private static boolean inKubernetes(Model model) {
    return model
        .retraining()
        .filter(policy -> policy.queue() instanceof RetrainingTarget.Kubernetes)
        .isPresent();
  }

  /**
   * A ledger in memory has a job for a later window enqueued ahead, for its receiver to wait: a
   * Kubernetes object would begin at once, whatever the cooldown.
   */
  private List<String> startedTooEarly(Collection<Model> models) {
    if (dryRun || shared(models)) {
      return List.of();
    }
    return models.stream()
        .filter(RetrainingFactory::inKubernetes)
        .map(
            model ->
                ("model-refresh.models.%s.retraining.queue: kubernetes needs the ledger in the"
                        + " cluster, or a job owed for the end of the cooldown would begin at once;"
                        + " set %s to kubernetes%s")
                    .formatted(
                        model.name(),
                        LEDGER,
                        settings.ledger().equals("auto")
                            ? " or start the agent anew: auto chose memory when no model had this"
                                + " queue"
                            : ""))
        .toList();
  }

  /**
   * Tries the queues of these models, and asks API servers whether they would take a sample; one
   * that cannot be reached, or does not let the agent ask, leaves a doubt. Blocks.
   *
   * @throws IllegalArgumentException listing what is wrong, each problem with its key or file and,
   *     where it is known, the line
   */
  public void requireUsable(Collection<Model> models) {
    List<String> problems = new ArrayList<>(startedTooEarly(models));
    problems.addAll(queues.problems(models));
    if (problems.isEmpty() && !dryRun) {
      Instant enough = clock.instant().plus(PATIENCE);
      models.stream()
          .filter(model -> model.retraining().isPresent())
          .takeWhile(model -> clock.instant().isBefore(enough))
          .forEach(
              model ->
                  rehearsals
                      .refusal(model)
                      .map(
                          refusal ->
                              "model-refresh.models.%s.retraining.kubernetes: %s"
                                  .formatted(model.name(), refusal))
                      .ifPresent(problems::add));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          "retraining cannot work as it is configured:%n  %s"
              .formatted(String.join(System.lineSeparator() + "  ", problems)));
    }
    rehearsals.retain(models.stream().map(Model::name).collect(Collectors.toSet()));
  }

  /**
   * Whose queue's server does not say whether it would take jobs, and why, by model; asked again
   * from time to time.
   */
  public Map<String, String> doubts() {
    return rehearsals.problems();
  }

  @Override
  public void close() {
    rehearsals.close();
    queues.close();
  }
}
