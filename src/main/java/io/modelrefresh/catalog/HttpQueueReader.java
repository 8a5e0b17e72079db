package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.HttpQueueConfig;
import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Server;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the request of queue {@code http}, noting every mistake under its full key. */
final class HttpQueueReader {

  /** The host is matched so narrowly that no template fits into it. */
  private static final Pattern URL =
      Pattern.compile(
          "(https?)://([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+])"
              + "(?::([0-9]{1,5}))?(/.*)");

  /** What a queue is sent unless the configuration says otherwise: every field of the job. */
  private static final String JOB = "{job.json}";

  /** Conflict, as the presets' systems answer, too. */
  private static final List<Integer> USUAL_DUPLICATE = List.of(409);

  /**
   * What is usual for a known system.
   *
   * @param accepted the statuses it answers when it took the job
   */
  private enum Preset {
    /**
     * {@code POST /api/v2/dags/DAG/dagRuns} (Airflow 3, "Trigger Dag Run"): the run's id
     * deduplicates, a run without a logical date may be one of many, and {@code run_after} puts it
     * off.
     */
    AIRFLOW(
        "{\"dag_run_id\": \"{job.name}\", \"logical_date\": null, \"run_after\":"
            + " \"{job.not_before}\", \"conf\": {job.json}}",
        Set.of(200, 201),
        new Authentication.None()),
    /**
     * {@code POST /v1/projects/P/locations/L/pipelineJobs?pipelineJobId=ID} (Vertex AI, "Method:
     * projects.locations.pipelineJobs.create"). The body is the pipeline's own.
     */
    VERTEX(JOB, Set.of(200), new Authentication.Google());

    final String body;
    final Set<Integer> accepted;
    final Authentication authentication;

    Preset(String body, Set<Integer> accepted, Authentication authentication) {
      this.body = body;
      this.accepted = accepted;
      this.authentication = authentication;
    }

    static Preset parse(String text) {
      return switch (text) {
        case "airflow" -> AIRFLOW;
        case "vertex" -> VERTEX;
        default -> throw new IllegalArgumentException("expected airflow or vertex");
      };
    }
  }

  private record Url(Server server, String path) {}

  private final HttpQueueConfig config;
  private final String key;
  private final Problems problems;

  HttpQueueReader(HttpQueueConfig config, String key, Problems problems) {
    this.config = config;
    this.key = key;
    this.problems = problems;
  }

  /** The request; empty if anything about it is wrong. */
  Optional<RetrainingTarget> read() {
    int before = problems.count();
    Optional<Preset> preset =
        config
            .preset()
            .flatMap(text -> problems.parse(key + ".preset", text.strip(), Preset::parse));
    Optional<Url> url =
        problems.parseRequired(
            key + ".url", config.url(), "http(s)://host/path", HttpQueueReader::url);
    RequestChecks checks = new RequestChecks(key, problems);
    checks.method(config.method());
    checks.headers(config.headers());
    List<Integer> accepted = config.acceptedStatuses().orElse(List.of());
    checks.statuses("accepted-statuses", accepted);
    checks.statuses("duplicate-statuses", config.duplicateStatuses().orElse(USUAL_DUPLICATE));
    problems.requirePositive(key + ".timeout", config.timeout());
    if (preset.equals(Optional.of(Preset.VERTEX)) && config.body().isEmpty()) {
      problems.add(
          key + ".body",
          "required by preset vertex, expected the pipeline job, such as {\"displayName\":"
              + " \"{job.name}\", ...}");
    }
    Optional<Authentication> authentication = authentication(preset);
    if (problems.count() > before) {
      return Optional.empty();
    }
    return Optional.of(
        new Http(
            url.orElseThrow().server(),
            config.method(),
            url.get().path(),
            config.headers(),
            config.body().or(() -> preset.map(usual -> usual.body)).orElse(JOB),
            accepted.isEmpty()
                ? preset.map(usual -> usual.accepted).orElse(Set.of())
                : Set.copyOf(accepted),
            Set.copyOf(config.duplicateStatuses().orElse(USUAL_DUPLICATE)),
            preset.isPresent() || config.duplicateStatuses().isPresent(),
            authentication.orElseThrow(),
            config.tlsConfigurationName().map(String::strip),
            config.timeout()));
  }

  private static Url url(String text) {
    Matcher matcher = URL.matcher(text);
    int port = 0;
    if (matcher.matches()) {
      port =
          matcher.group(3) == null
              ? (matcher.group(1).equals("https") ? 443 : 80)
              : Integer.parseInt(matcher.group(3));
    }
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "expected http(s)://host[:port]/path, a template in nothing but path and query");
    }
    String host = matcher.group(2).replaceAll("[\\[\\]]", "");
    return new Url(new Server(matcher.group(1), host, port), matcher.group(4));
  }

  private Optional<Authentication> authentication(Optional<Preset> preset) {
    Optional<Path> file =
        config
            .bearerTokenFile()
            .flatMap(text -> problems.parse(key + ".bearer-token-file", text.strip(), Path::of));
    boolean inHeaders =
        config.headers().keySet().stream().anyMatch("authorization"::equalsIgnoreCase);
    String said =
        config.authentication().map(String::strip).orElse(file.isPresent() ? "bearer" : "");
    if (file.isPresent() && !said.equals("bearer")) {
      problems.add(
          key + ".bearer-token-file",
          "expected only with authentication bearer, but it is " + said);
    }
    Optional<Authentication> authentication =
        switch (said) {
          case "" -> preset.map(usual -> usual.authentication).or(this::none);
          case "none" -> none();
          case "google" -> Optional.of(new Authentication.Google());
          case "bearer" -> {
            if (config.bearerTokenFile().isEmpty()) {
              problems.add(key + ".bearer-token-file", "required by authentication bearer");
            }
            yield file.map(Authentication.BearerFile::new);
          }
          default -> {
            problems.add(key + ".authentication", "expected none, bearer or google", said);
            yield Optional.empty();
          }
        };
    if (inHeaders
        && authentication.filter(by -> !(by instanceof Authentication.None)).isPresent()) {
      problems.add(
          key + ".headers.\"authorization\"",
          "expected only with authentication none, remove one of the two");
    }
    return authentication;
  }

  private Optional<Authentication> none() {
    return Optional.of(new Authentication.None());
  }
}
