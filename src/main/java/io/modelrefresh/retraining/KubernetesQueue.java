package io.modelrefresh.retraining;

import io.fabric8.kubernetes.api.Pluralize;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.retraining.EnqueueFailedException.Kind;
import io.smallrye.mutiny.Uni;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * Creates one Kubernetes resource a job, from a template or as a CronJob would. The API server lets
 * a name be taken once, so whoever comes second finds the first; its labels tell whether it is this
 * very job.
 *
 * <p>A CronJob's job is made with no owner: its history limits would delete finished jobs, whose
 * names are what deduplicates.
 */
final class KubernetesQueue implements RetrainingQueue {

  private static final Logger LOG = Logger.getLogger(KubernetesQueue.class);

  private static final String JOB = "Job";
  private static final String BATCH = "batch/v1";
  private static final String TTL = "ttlSecondsAfterFinished";

  /** By which {@code kubectl create job --from} marks what it makes. */
  private static final String INSTANTIATED = "cronjob.kubernetes.io/instantiate";

  private static final DateTimeFormatter EVENT_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final ClusterAccess cluster;
  private final Kubernetes settings;
  private final Clock clock;
  private final AtomicBoolean warned = new AtomicBoolean();

  KubernetesQueue(ClusterAccess cluster, Kubernetes settings, Clock clock) {
    this.cluster = cluster;
    this.settings = settings;
    this.clock = clock;
  }

  /** A resource ready to be created, and where. */
  private record Prepared(
      GenericKubernetesResource resource, ResourceDefinitionContext type, String namespace) {

    /** As RBAC names it. */
    String plural() {
      return type.getGroup().isEmpty()
          ? type.getPlural()
          : type.getPlural() + "." + type.getGroup();
    }

    String name() {
      return resource.getMetadata().getName();
    }

    Resource<GenericKubernetesResource> in(KubernetesClient client) {
      return client.genericKubernetesResources(type).inNamespace(namespace).resource(resource);
    }

    EnqueueFailedException failure(KubernetesClientException e, String verb) {
      return ClusterAccess.failure(e, verb, plural(), namespace, name());
    }
  }

  @Override
  public Uni<Enqueued> enqueue(RetrainingJob job) {
    return cluster.call(client -> enqueue(client, job));
  }

  private Enqueued enqueue(KubernetesClient client, RetrainingJob job) {
    Prepared prepared = prepare(client, job);
    GenericKubernetesResource created;
    try {
      created = prepared.in(client).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return existing(client, prepared, job);
      }
      throw prepared.failure(e, "create");
    }
    tell(client, prepared, created, job);
    return Enqueued.created().since(creation(created));
  }

  /** The API server says the name is taken: by this very job, or by something else. */
  private static Enqueued existing(KubernetesClient client, Prepared prepared, RetrainingJob job) {
    GenericKubernetesResource existing;
    try {
      existing = prepared.in(client).get();
    } catch (KubernetesClientException e) {
      throw prepared.failure(e, "get");
    }
    String what = prepared.plural() + " " + prepared.namespace() + "/" + prepared.name();
    if (existing == null) {
      throw new EnqueueFailedException(
          Kind.UNAVAILABLE, what + ": was there, and is gone; it will be created again");
    }
    Map<String, String> labels =
        Optional.ofNullable(existing.getMetadata().getLabels()).orElse(Map.of());
    for (Map.Entry<String, String> label : Labels.of(job).entrySet()) {
      if (!label.getValue().equals(labels.get(label.getKey()))) {
        throw new EnqueueFailedException(
            Kind.CONFLICT,
            "%s: exists and is not this job, its label %s is %s rather than %s; delete or rename it"
                .formatted(
                    what,
                    label.getKey(),
                    labels.getOrDefault(label.getKey(), "missing"),
                    label.getValue()));
      }
    }
    return Enqueued.duplicate().since(creation(existing));
  }

  /** As the API server stamps it, to the second. */
  private static Optional<Instant> creation(HasMetadata resource) {
    return Optional.ofNullable(resource.getMetadata().getCreationTimestamp()).map(Instant::parse);
  }

  @Override
  public Uni<Void> validate(RetrainingJob sample) {
    return cluster
        .call(
            client -> {
              Prepared prepared = prepare(client, sample);
              warnOfAShortLife(prepared.resource(), sample);
              try {
                return prepared.in(client).dryRun().create();
              } catch (KubernetesClientException e) {
                if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                  return prepared.resource();
                }
                throw prepared.failure(e, "create");
              }
            })
        .replaceWithVoid();
  }

  private Prepared prepare(KubernetesClient client, RetrainingJob job) {
    try {
      GenericKubernetesResource resource = resource(client, job);
      String namespace =
          cluster.namespace(
              client,
              settings
                  .namespace()
                  .or(() -> Optional.ofNullable(resource.getMetadata().getNamespace())));
      resource.getMetadata().setNamespace(namespace);
      resource.getMetadata().setName(job.name());
      resource.getMetadata().setGenerateName(null);
      mark(resource, job);
      if (isJob(resource)) {
        keepFinished(resource);
        markPods(resource, job);
      }
      return new Prepared(resource, type(resource), namespace);
    } catch (IllegalArgumentException e) {
      throw new EnqueueFailedException(Kind.INVALID, e.getMessage());
    }
  }

  private GenericKubernetesResource resource(KubernetesClient client, RetrainingJob job) {
    if (settings.source() instanceof Source.TemplateFile template) {
      return generic(client, new ResourceTemplate(template.file()).render(job));
    }
    String cronJob = ((Source.CronJob) settings.source()).name();
    return generic(client, fromCronJob(client, cronJob));
  }

  private static GenericKubernetesResource generic(KubernetesClient client, Object resource) {
    GenericKubernetesResource generic =
        client.getKubernetesSerialization().convertValue(resource, GenericKubernetesResource.class);
    if (generic.getMetadata() == null) {
      generic.setMetadata(new ObjectMeta());
    }
    return generic;
  }

  private Job fromCronJob(KubernetesClient client, String name) {
    String namespace = cluster.namespace(client, settings.namespace());
    CronJob cronJob;
    try {
      cronJob = client.batch().v1().cronjobs().inNamespace(namespace).withName(name).get();
    } catch (KubernetesClientException e) {
      throw ClusterAccess.failure(e, "get", "cronjobs.batch", namespace, name);
    }
    if (cronJob == null) {
      throw new EnqueueFailedException(
          Kind.UNAVAILABLE,
          "cronjobs.batch "
              + namespace
              + "/"
              + name
              + ": there is no such CronJob to make a job of");
    }
    var template = cronJob.getSpec().getJobTemplate();
    var metadata = Optional.ofNullable(template.getMetadata());
    return new JobBuilder()
        .withNewMetadata()
        .withLabels(metadata.map(m -> m.getLabels()).orElse(Map.of()))
        .withAnnotations(metadata.map(m -> m.getAnnotations()).orElse(Map.of()))
        .addToAnnotations(INSTANTIATED, "manual")
        .endMetadata()
        .withSpec(template.getSpec())
        .build();
  }

  private static boolean isJob(HasMetadata resource) {
    return resource.getKind().equals(JOB) && resource.getApiVersion().equals(BATCH);
  }

  private static void mark(HasMetadata resource, RetrainingJob job) {
    var metadata = resource.getMetadata();
    metadata.setLabels(merged(metadata.getLabels(), Labels.of(job)));
    metadata.setAnnotations(merged(metadata.getAnnotations(), Labels.annotations(job)));
  }

  private static Map<String, String> merged(Map<String, String> theirs, Map<String, String> ours) {
    Map<String, String> merged = new LinkedHashMap<>(Optional.ofNullable(theirs).orElse(Map.of()));
    merged.putAll(ours);
    return merged;
  }

  private void keepFinished(GenericKubernetesResource job) {
    child(job.getAdditionalProperties(), "spec")
        .putIfAbsent(TTL, settings.ttlAfterFinished().toSeconds());
  }

  /** Once, since validation may be repeated. */
  private void warnOfAShortLife(GenericKubernetesResource resource, RetrainingJob sample) {
    long enough = settings.ttlAfterFinished().toSeconds();
    if (isJob(resource)
        && child(resource.getAdditionalProperties(), "spec").get(TTL) instanceof Number ttl
        && ttl.longValue() < enough
        && !warned.getAndSet(true)) {
      LOG.warnf(
          "%s: %s is %d, less than ttl-after-finished, %d s. Once a finished Job is deleted its"
              + " name keeps no second one from being made, should the first not have been"
              + " recorded: leave %s out or raise it, or lower"
              + " model-refresh.models.%s.retraining.kubernetes.ttl-after-finished to no less than"
              + " the subscription's retention",
          source(), TTL, ttl.longValue(), enough, TTL, sample.model());
    }
  }

  private String source() {
    return settings.source() instanceof Source.TemplateFile template
        ? template.file().toString()
        : "CronJob " + ((Source.CronJob) settings.source()).name();
  }

  /** So that a container can read them by the downward API. */
  private static void markPods(GenericKubernetesResource resource, RetrainingJob job) {
    Map<String, Object> template =
        child(child(resource.getAdditionalProperties(), "spec"), "template");
    Map<String, Object> metadata = child(template, "metadata");
    child(metadata, "labels").putAll(Labels.of(job));
    child(metadata, "annotations").putAll(Labels.annotations(job));
  }

  private static Map<String, Object> child(Map<String, Object> parent, String name) {
    Map<String, Object> child = new LinkedHashMap<>();
    if (parent.get(name) instanceof Map<?, ?> present) {
      present.forEach((key, value) -> child.put(String.valueOf(key), value));
    }
    parent.put(name, child);
    return child;
  }

  /** The plural as the API conventions form it, so that no discovery is needed. */
  private static ResourceDefinitionContext type(HasMetadata resource) {
    String[] groupVersion = resource.getApiVersion().split("/", 2);
    return new ResourceDefinitionContext.Builder()
        .withGroup(groupVersion.length == 2 ? groupVersion[0] : "")
        .withVersion(groupVersion[groupVersion.length - 1])
        .withKind(resource.getKind())
        .withPlural(Pluralize.toPlural(resource.getKind().toLowerCase(Locale.ROOT)))
        .withNamespaced(true)
        .build();
  }

  /** An Event on what was created. That it is created matters, that it is told does not. */
  private void tell(
      KubernetesClient client,
      Prepared prepared,
      GenericKubernetesResource created,
      RetrainingJob job) {
    String now = EVENT_TIME.format(clock.instant());
    try {
      client
          .v1()
          .events()
          .inNamespace(prepared.namespace())
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withName(job.name() + ".enqueued")
                  .withNamespace(prepared.namespace())
                  .endMetadata()
                  .withNewInvolvedObject()
                  .withApiVersion(created.getApiVersion())
                  .withKind(created.getKind())
                  .withName(created.getMetadata().getName())
                  .withNamespace(created.getMetadata().getNamespace())
                  .withUid(created.getMetadata().getUid())
                  .endInvolvedObject()
                  .withType("Normal")
                  .withReason("RetrainingEnqueued")
                  .withMessage(
                      "Model %s is to be retrained: %s"
                          .formatted(job.model(), job.cause().detail()))
                  .withNewSource()
                  .withComponent(Labels.AGENT)
                  .endSource()
                  .withFirstTimestamp(now)
                  .withLastTimestamp(now)
                  .withCount(1)
                  .build())
          .create();
    } catch (KubernetesClientException e) {
      LOG.debugf("No Event on %s: %s", prepared.name(), e.getMessage());
    }
  }
}
