package io.modelrefresh.catalog;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where a model's retraining jobs are enqueued. */
public sealed interface RetrainingTarget {

  /** The name of the queue, as configured. */
  String queue();

  /**
   * A resource in the cluster.
   *
   * @param source what it is made from
   * @param namespace where it is created; by default what the template says, else the agent's own
   * @param ttlAfterFinished how long a finished batch/v1 Job stays, whose template does not say
   */
  record Kubernetes(Source source, Optional<String> namespace, Duration ttlAfterFinished)
      implements RetrainingTarget {
    @Override
    public String queue() {
      return "kubernetes";
    }
  }

  /** What a Kubernetes resource is made from. */
  sealed interface Source {

    /** A Qute template of any namespaced resource, in YAML; read anew for each job. */
    record TemplateFile(Path file) implements Source {}

    /** The job template of a CronJob, as {@code kubectl create job --from=cronjob/NAME} uses it. */
    record CronJob(String name) implements Source {}
  }

  /**
   * A CloudEvent on a Pub/Sub topic.
   *
   * @param topic short or full name
   */
  record PubSub(String topic) implements RetrainingTarget {
    @Override
    public String queue() {
      return "pubsub";
    }
  }

  /**
   * An HTTP request.
   *
   * @param server scheme, host and port; nothing but the configuration chooses them
   * @param path Qute template of path and query
   * @param body Qute template of the body
   * @param acceptedStatuses statuses that mean the job was enqueued; any 2xx when empty
   * @param duplicateStatuses statuses that mean it was enqueued before
   * @param tellsDuplicates whether the server is known to answer one of them to every duplicate, so
   *     that any other answer proves the job new
   */
  record Http(
      Server server,
      String method,
      String path,
      Map<String, String> headers,
      String body,
      Set<Integer> acceptedStatuses,
      Set<Integer> duplicateStatuses,
      boolean tellsDuplicates,
      Authentication authentication,
      Optional<String> tlsConfigurationName,
      Duration timeout)
      implements RetrainingTarget {

    public Http {
      headers = Map.copyOf(headers);
      acceptedStatuses = Set.copyOf(acceptedStatuses);
      duplicateStatuses = Set.copyOf(duplicateStatuses);
    }

    @Override
    public String queue() {
      return "http";
    }
  }

  /**
   * The server of a URL.
   *
   * @param host without brackets, if an IPv6 address
   */
  record Server(String scheme, String host, int port) {}

  /** How the agent says who it is. */
  sealed interface Authentication {

    /** Not at all, or by a header configured. */
    record None() implements Authentication {}

    /** By the bearer token in a file, read anew for each request. */
    record BearerFile(Path file) implements Authentication {}

    /** By an access token of Google's application default credentials. */
    record Google() implements Authentication {

      /** The scope asked for: all of Google Cloud, as far as the account may use it. */
      public static final List<String> SCOPES =
          List.of("https://www.googleapis.com/auth/cloud-platform");
    }
  }
}
