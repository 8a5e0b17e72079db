package io.modelrefresh.agent;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** What the agent itself is told; the models are the catalog's. */
@ConfigMapping(prefix = "model-refresh")
public interface AgentConfig {

  /**
   * How often each model's replicas are read again and checked, with no update; also the longest
   * time between two attempts to refresh a failing model.
   */
  @WithDefault("1m")
  @WithConverter(PositiveDuration.class)
  Duration resyncInterval();

  /** How many loads may run at once over all models, on servers that answer. */
  @WithDefault("64")
  @WithConverter(PositiveInteger.class)
  int maxConcurrentLoads();

  /**
   * Whether to plan, log and count only, and touch no model server; updates are acknowledged all
   * the same, so use a subscription of its own.
   */
  @WithDefault("false")
  boolean dryRun();

  /**
   * What is done about the topics and subscriptions: {@code create} makes those that are missing
   * and changes none that is there; {@code verify} says which are missing or not permitted, and is
   * not ready meanwhile; {@code none} does not look.
   */
  @WithDefault("verify")
  Provisioning.Mode provision();

  /** The models, when they are in a file of their own. */
  CatalogLocation catalog();

  /** The lease that makes one of several agents the active one. */
  Lease lease();

  /** What retraining needs besides each model's policy. */
  Retraining retraining();

  /** Who may change anything over HTTP. */
  Api api();

  /** The endpoint that publishes feature updates. */
  Publish publish();

  /** Where updates that can never be applied go. */
  DeadLetter deadLetter();

  /** The models, when they are in a file of their own. */
  interface CatalogLocation {

    /**
     * A YAML or properties file with the models, such as a mounted ConfigMap, instead of the
     * application's configuration; taken over whenever it changes.
     */
    Optional<Path> location();

    /** How often that file is looked at. */
    @WithDefault("5s")
    @WithConverter(PositiveDuration.class)
    Duration checkInterval();
  }

  /** The lease that makes one of several agents the active one. */
  interface Lease {

    /** The Kubernetes Lease that the active agent holds; without one, every agent is active. */
    Optional<String> name();

    /** Its namespace; by default the agent's own. */
    Optional<String> namespace();

    /** What this agent calls itself there; by default its host's name, which is the pod's. */
    Optional<String> identity();

    /** How long an agent that was killed keeps it: the longest time nobody is active. */
    @WithDefault("8s")
    @WithConverter(PositiveDuration.class)
    Duration duration();
  }

  /** Who may change anything over HTTP. */
  interface Api {

    /** Whether anyone may who can reach it; on in dev mode and tests. */
    @WithDefault("false")
    boolean open();

    /**
     * A file with the token that must be shown, as a bearer token, to change anything over HTTP;
     * read anew for each request. Without one, nothing can be changed over HTTP.
     */
    Optional<Path> tokenFile();
  }

  /** What retraining needs besides each model's policy. */
  interface Retraining {

    /**
     * Where it is kept what was enqueued and what is owed: {@code kubernetes}, {@code memory}, or
     * {@code auto}, which is kubernetes in a cluster and with any queue kubernetes at the start.
     */
    @WithDefault("auto")
    String ledger();

    /** The namespace of the ledger's ConfigMaps; by default the agent's own. */
    Optional<String> ledgerNamespace();

    /**
     * How often what other agents left owed is looked for; also the longest time between attempts.
     */
    @WithDefault("1m")
    @WithConverter(PositiveDuration.class)
    Duration scanInterval();
  }

  /** The endpoint that publishes feature updates. */
  interface Publish {

    /**
     * Whether POST /v1/feature-updates publishes; on in dev mode and tests, off in production
     * unless set.
     */
    @WithDefault("false")
    boolean enabled();
  }

  /** Where updates that can never be applied go. */
  interface DeadLetter {

    /** The pull subscription on the dead-letter topic that POST /v1/dead-letters/replay reads. */
    @WithDefault("feature-updates-dead-letter-sub")
    String subscription();
  }
}
