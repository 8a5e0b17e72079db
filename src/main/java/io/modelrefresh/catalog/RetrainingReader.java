package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.HttpQueueConfig;
import io.modelrefresh.catalog.CatalogConfig.KubernetesQueueConfig;
import io.modelrefresh.catalog.CatalogConfig.RetrainingConfig;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.PubSub;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.update.Change;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads when a model is retrained, noting every mistake under its full key. */
final class RetrainingReader {

  private static final Pattern LABEL = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

  /** A topic's name, short or full (Pub/Sub, "Resource names"). */
  private static final Pattern TOPIC =
      Pattern.compile("(?:projects/[a-z0-9.:-]+/topics/)?[A-Za-z][A-Za-z0-9._~+%-]{2,254}");

  private final RetrainingConfig config;
  private final String key;
  private final Problems problems;

  RetrainingReader(RetrainingConfig config, String key, Problems problems) {
    this.config = config;
    this.key = key;
    this.problems = problems;
  }

  /** The policy; empty if it is off, or anything about it is wrong. */
  Optional<RetrainingPolicy> read() {
    int before = problems.count();
    Set<Change> changes = changes();
    DriftThresholds drift = drift();
    if (config.enabled() && problems.count() == before && changes.isEmpty() && drift.isEmpty()) {
      problems.add(
          key, "expected changes, drift-at-least or both, since nothing retrains without them");
    }
    problems.requirePositive(key + ".cooldown", config.cooldown());
    Optional<RetrainingTarget> target = target();
    return config.enabled()
        ? target.map(queue -> new RetrainingPolicy(changes, drift, config.cooldown(), queue))
        : Optional.empty();
  }

  private Set<Change> changes() {
    Set<Change> changes = EnumSet.noneOf(Change.class);
    for (String text : config.changes().orElse(List.of())) {
      problems
          .parse(key + ".changes", text.strip(), RetrainingReader::change)
          .ifPresent(changes::add);
    }
    return changes;
  }

  private static Change change(String text) {
    return switch (text) {
      case "values" -> Change.VALUES;
      case "schema" -> Change.SCHEMA;
      case "delete" -> Change.DELETE;
      default -> throw new IllegalArgumentException("expected values, schema or delete");
    };
  }

  private DriftThresholds drift() {
    String driftKey = key + ".drift-at-least";
    Map<String, Double> byMetric = new HashMap<>();
    config
        .driftAtLeastByMetric()
        .forEach(
            (metric, value) ->
                threshold(driftKey + "." + metric, value)
                    .ifPresent(threshold -> byMetric.put(metric, threshold)));
    return new DriftThresholds(
        config.driftAtLeast().flatMap(value -> threshold(driftKey, value)), byMetric);
  }

  private Optional<Double> threshold(String thresholdKey, String text) {
    return problems.parse(thresholdKey, text.strip(), RetrainingReader::threshold);
  }

  private static double threshold(String text) {
    double threshold;
    try {
      threshold = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      threshold = Double.NaN;
    }
    if (!(threshold > 0) || Double.isInfinite(threshold)) {
      throw new IllegalArgumentException(
          "expected a number more than 0, such as 0.2, or one for each metric, such as psi: 0.2");
    }
    return threshold;
  }

  private Optional<RetrainingTarget> target() {
    Optional<String> queue =
        problems.parseRequired(
            key + ".queue", config.queue(), "kubernetes, pubsub or http", RetrainingReader::queue);
    requireOnlyWith("kubernetes", queue, config.kubernetes());
    requireOnlyWith("http", queue, config.http());
    return queue.flatMap(
        name ->
            switch (name) {
              case "kubernetes" -> kubernetes();
              case "http" -> http();
              default -> pubSub();
            });
  }

  private static String queue(String text) {
    if (!List.of("kubernetes", "pubsub", "http").contains(text)) {
      throw new IllegalArgumentException("expected kubernetes, pubsub or http");
    }
    return text;
  }

  private void requireOnlyWith(String name, Optional<String> queue, Optional<?> settings) {
    if (settings.isPresent() && queue.isPresent() && !queue.get().equals(name)) {
      problems.add(
          key + "." + name,
          "expected only with queue " + name + ", but the queue is " + queue.get());
    }
  }

  private Optional<RetrainingTarget> kubernetes() {
    String kubernetesKey = key + ".kubernetes";
    Optional<String> template =
        config.kubernetes().flatMap(KubernetesQueueConfig::templateFile).map(String::strip);
    Optional<String> cronJob =
        config.kubernetes().flatMap(KubernetesQueueConfig::cronJob).map(String::strip);
    if (template.isPresent() == cronJob.isPresent()) {
      problems.add(
          kubernetesKey, "expected one of template-file and cron-job, from which jobs are made");
      return Optional.empty();
    }
    KubernetesQueueConfig settings = config.kubernetes().orElseThrow();
    Optional<String> namespace =
        settings
            .namespace()
            .flatMap(
                text ->
                    problems.parse(
                        kubernetesKey + ".namespace", text.strip(), RetrainingReader::label));
    problems.requirePositive(kubernetesKey + ".ttl-after-finished", settings.ttlAfterFinished());
    Optional<Source> source =
        template.isPresent()
            ? problems
                .parse(kubernetesKey + ".template-file", template.get(), Path::of)
                .map(Source.TemplateFile::new)
            : problems
                .parse(kubernetesKey + ".cron-job", cronJob.get(), RetrainingReader::label)
                .map(Source.CronJob::new);
    return source.map(from -> new Kubernetes(from, namespace, settings.ttlAfterFinished()));
  }

  private static String label(String text) {
    if (!LABEL.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "expected a Kubernetes name of lower case letters, digits and '-', at most 63");
    }
    return text;
  }

  private Optional<RetrainingTarget> pubSub() {
    return problems
        .parse(key + ".pubsub.topic", config.pubsub().topic().strip(), RetrainingReader::topic)
        .map(PubSub::new);
  }

  private static String topic(String text) {
    if (!TOPIC.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "expected a topic's name, or projects/PROJECT/topics/NAME");
    }
    return text;
  }

  private Optional<RetrainingTarget> http() {
    String httpKey = key + ".http";
    Optional<HttpQueueConfig> http = config.http();
    if (http.isEmpty()) {
      problems.add(httpKey + ".url", "required by queue http, expected http(s)://host/path");
    }
    return http.flatMap(settings -> new HttpQueueReader(settings, httpKey, problems).read());
  }
}
