package io.modelrefresh.retraining;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Asks an API server for all that retraining in Kubernetes ever asks for. */
public final class KubernetesRetraining {

  private static final Instant PUBLISHED = Instant.parse("2026-11-22T10:00:00Z");

  private KubernetesRetraining() {}

  public static void enqueue(KubernetesClient client, String namespace) {
    Vertx vertx = Vertx.vertx();
    try (ClusterAccess cluster = new ClusterAccess(() -> client, vertx)) {
      write(new KubernetesLedger(cluster, Optional.of(namespace)));
      Path template = Files.createTempFile("job", ".yaml");
      Files.writeString(template, "apiVersion: batch/v1\nkind: Job\n");
      RetrainingQueue queue = queue(cluster, new Source.TemplateFile(template), namespace);
      RetrainingJob job = RetrainedModel.job("fraud", Kind.SCHEMA, PUBLISHED);
      queue.validate(job).await().indefinitely();
      queue.enqueue(job).await().indefinitely();
      queue.enqueue(job).await().indefinitely();
      queue(cluster, new Source.CronJob("none"), namespace)
          .enqueue(job)
          .onFailure(EnqueueFailedException.class)
          .recoverWithNull()
          .await()
          .indefinitely();
      Files.delete(template);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  /** Enqueues a job of this template twice, by an agent of that namespace. */
  public static void enqueue(KubernetesClient client, String namespace, Path template) {
    Vertx vertx = Vertx.vertx();
    NamespacedKubernetesClient of =
        client.adapt(NamespacedKubernetesClient.class).inNamespace(namespace);
    try (ClusterAccess cluster = new ClusterAccess(() -> of, vertx)) {
      RetrainingQueue queue =
          new KubernetesQueue(
              cluster,
              new Kubernetes(
                  new Source.TemplateFile(template), Optional.empty(), Duration.ofDays(7)),
              Clock.systemUTC());
      RetrainingJob job = RetrainedModel.job("fraud", Kind.SCHEMA, PUBLISHED);
      queue.enqueue(job).await().indefinitely();
      queue.enqueue(job).await().indefinitely();
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  /** All that is asked for where jobs are enqueued elsewhere. */
  public static void keepALedger(KubernetesClient client, String namespace) {
    Vertx vertx = Vertx.vertx();
    try (ClusterAccess cluster = new ClusterAccess(() -> client, vertx)) {
      write(new KubernetesLedger(cluster, Optional.of(namespace)));
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private static RetrainingQueue queue(ClusterAccess cluster, Source source, String namespace) {
    return new KubernetesQueue(
        cluster,
        new Kubernetes(source, Optional.of(namespace), Duration.ofDays(7)),
        Clock.systemUTC());
  }

  private static void write(KubernetesLedger ledger) {
    LedgerEntry owing =
        LedgerEntry.EMPTY.with(
            RetrainedModel.trigger(Kind.SCHEMA, PUBLISHED), RetrainedModel.COOLDOWN);
    LedgerState first =
        ledger.write("fraud", LedgerState.NONE.with(Kind.SCHEMA, owing)).await().indefinitely();
    ledger.owing().await().indefinitely();
    ledger.read("fraud").await().indefinitely();
    ledger
        .write("fraud", first.with(Kind.SCHEMA, owing.enqueued(owing, Enqueued.created())))
        .await()
        .indefinitely();
  }
}
