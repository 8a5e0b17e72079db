package io.modelrefresh.catalog;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The catalog as configured under {@code model-refresh}. A SmallRye configuration mapping, but read
 * by {@link CatalogConfigReader}. What has a rule beyond its type is read as text and judged by
 * {@link CatalogFactory}, so that every mistake is reported at once and in the same words.
 *
 * <p>The annotation makes the build generate the mapping's classes, which a native executable
 * cannot do later. Its prefix is one that no key has: mapped as a whole, a large catalog would take
 * minutes.
 */
@ConfigMapping(prefix = "io.modelrefresh.catalog.unused")
public interface CatalogConfig {

  /** The models, each under its name: letters, digits, '.', '_' and '-', at most 128. */
  Map<String, ModelConfig> models();

  /** One model. */
  interface ModelConfig {

    /**
     * The feature views it consumes: {@code name}, {@code project/name}, {@code project/*} or
     * {@code *}, each optionally narrowed to one feature by {@code :feature}.
     */
    Optional<List<String>> featureViews();

    /** Whether it is left as it is until this is taken back: it then owes one refresh. */
    @WithDefault("false")
    boolean paused();

    /** Where it is served. */
    ServerConfig server();

    /** How it is refreshed. */
    RefreshConfig refresh();

    /** When it is retrained; never, unless this is there. */
    Optional<RetrainingConfig> retraining();
  }

  /** Where a model is served. */
  interface ServerConfig {

    /** What the server speaks: {@code open-inference}, {@code triton} or {@code http}. */
    Optional<String> protocol();

    /**
     * Where its replicas are: {@code http(s)://host:port}, several of them separated by commas, or
     * {@code dns://host:port}, each address of which is a replica, spoken to over TLS if there is a
     * {@code tls-configuration-name}.
     */
    Optional<String> replicas();

    /** The model's name on the server; by default its name in the catalog. */
    Optional<String> modelName();

    /** How long one replica may take from the start of a load until it is ready. */
    @WithDefault("30s")
    Duration timeout();

    /**
     * A file with the model configuration as JSON that is sent with each load instead of the one
     * the server has, for protocol {@code triton} only; read anew for each load.
     */
    Optional<String> configFile();

    /**
     * A file with the bearer token that every request to a replica carries; read anew for each
     * load, so a rotated token takes effect.
     */
    Optional<String> bearerTokenFile();

    /**
     * The name of the TLS configuration in Quarkus' registry, {@code quarkus.tls.<name>.*}, by
     * which replicas are trusted and the agent shows its certificate; by default the JVM's trust.
     */
    Optional<String> tlsConfigurationName();

    /**
     * The host or {@code host:port} that requests are for, whatever address they are sent to: the
     * Host header, and the server name of TLS, which the certificate must be for.
     */
    Optional<String> authority();

    /** The request that must succeed after a load before the replica counts as refreshed. */
    Optional<SmokeCheckConfig> smokeCheck();

    /** The request that makes the server load, for protocol {@code http} only. */
    Optional<HttpConfig> http();
  }

  /** The request that shows whether a replica that is ready predicts. */
  interface SmokeCheckConfig {

    /** Its path and query, such as {@code /v2/models/fraud/infer}; it must answer 200. */
    Optional<String> path();

    /** Its body, JSON, sent by POST; without one the request is a GET. */
    Optional<String> body();

    /** The JSON pointer (RFC 6901) of what the answer must contain. */
    Optional<String> jsonPointer();
  }

  /** The request of protocol {@code http}. */
  interface HttpConfig {

    /** The method of the load request: GET, POST, PUT, PATCH or DELETE. */
    @WithDefault("POST")
    String method();

    /** The path and query of the load request, a Qute template that begins with a slash. */
    Optional<String> path();

    /** Headers of the load request. */
    Map<String, String> headers();

    /** The body of the load request, a Qute template; none by default. */
    Optional<String> body();

    /** The statuses that mean the model was loaded; any 2xx by default. */
    Optional<List<Integer>> acceptedStatuses();

    /**
     * The path that answers 2xx once the model is ready, a Qute template; by default the accepted
     * load is the confirmation.
     */
    Optional<String> readyPath();
  }

  /** How a model is refreshed. */
  interface RefreshConfig {

    /** How long no update must arrive before the replicas are refreshed. */
    @WithDefault("250ms")
    Duration quietPeriod();

    /** How long a refresh waits at most for that quiet, from the first update. */
    @WithDefault("2s")
    Duration maxWait();

    /** How many replicas may load at once: a count, or a percentage of the replicas. */
    @WithDefault("1")
    String maxUnavailable();

    /** After how many failed attempts in a row the model counts as failing; it is still retried. */
    @WithDefault("5")
    int maxAttempts();

    /**
     * Whether it is refreshed when the agent starts: always, {@code if-unknown} or never. The
     * latter two lose what the agent before owed without a message, and had not done.
     */
    @WithDefault("always")
    String onStart();

    /** The time from publish to the last replica's confirmation that users expect at most. */
    Optional<Duration> objective();
  }

  /** When a model is retrained. */
  interface RetrainingConfig {

    /** Whether it is retrained at all. */
    @WithDefault("true")
    boolean enabled();

    /** The changes that always retrain: {@code values}, {@code schema}, {@code delete}. */
    Optional<List<String>> changes();

    /** From how much drift on an update retrains, whatever the metric. */
    Optional<String> driftAtLeast();

    /** The same for each metric under its name; it wins. */
    @WithName("drift-at-least")
    Map<String, String> driftAtLeastByMetric();

    /** The time from one job to the next for the same kind of reason. */
    @WithDefault("6h")
    Duration cooldown();

    /** Where jobs are enqueued: {@code kubernetes}, {@code pubsub} or {@code http}. */
    Optional<String> queue();

    /** What queue {@code kubernetes} creates. */
    Optional<KubernetesQueueConfig> kubernetes();

    /** Where queue {@code pubsub} publishes. */
    PubSubQueueConfig pubsub();

    /** What queue {@code http} requests. */
    Optional<HttpQueueConfig> http();
  }

  /** What queue {@code kubernetes} creates: one of a template and a CronJob's job. */
  interface KubernetesQueueConfig {

    /** A file with the resource to create, YAML, a Qute template; read anew for each job. */
    Optional<String> templateFile();

    /** The CronJob whose job template is used instead. */
    Optional<String> cronJob();

    /** The namespace; by default the template's, else the agent's own. */
    Optional<String> namespace();

    /** How long a finished Job stays, unless its template says so. */
    @WithDefault("7d")
    Duration ttlAfterFinished();
  }

  /** Where queue {@code pubsub} publishes. */
  interface PubSubQueueConfig {

    /** The topic. */
    @WithDefault("retraining-jobs")
    String topic();
  }

  /** What queue {@code http} requests. */
  interface HttpQueueConfig {

    /** {@code airflow} or {@code vertex}: body, statuses and authentication unless set here. */
    Optional<String> preset();

    /** The URL. Its path and query are a Qute template, its scheme, host and port are not. */
    Optional<String> url();

    /** The method: GET, POST, PUT, PATCH or DELETE. */
    @WithDefault("POST")
    String method();

    /** Headers of the request. */
    Map<String, String> headers();

    /** The body, a Qute template; by default the preset's, else the job as JSON. */
    Optional<String> body();

    /** The statuses that mean the job was enqueued; any 2xx by default. */
    Optional<List<Integer>> acceptedStatuses();

    /**
     * The statuses that mean it was enqueued before, by default 409. Said here, or by a preset, any
     * other status proves the job new.
     */
    Optional<List<Integer>> duplicateStatuses();

    /** {@code none}, {@code bearer} or {@code google}. */
    Optional<String> authentication();

    /** A file with the bearer token; read anew for each request. */
    Optional<String> bearerTokenFile();

    /** The TLS configuration in Quarkus' registry by which the server is trusted. */
    Optional<String> tlsConfigurationName();

    /** How long an answer may take. */
    @WithDefault("30s")
    Duration timeout();
  }
}
