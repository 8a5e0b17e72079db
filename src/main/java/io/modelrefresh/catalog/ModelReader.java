package io.modelrefresh.catalog;

import com.fasterxml.jackson.core.JsonPointer;
import io.modelrefresh.catalog.CatalogConfig.HttpConfig;
import io.modelrefresh.catalog.CatalogConfig.ModelConfig;
import io.modelrefresh.catalog.CatalogConfig.RefreshConfig;
import io.modelrefresh.catalog.CatalogConfig.ServerConfig;
import io.modelrefresh.catalog.CatalogConfig.SmokeCheckConfig;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.catalog.ServerSettings.Access;
import io.modelrefresh.catalog.ServerSettings.HttpRequestTemplate;
import io.modelrefresh.catalog.ServerSettings.Protocol;
import io.modelrefresh.catalog.ServerSettings.SmokeCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Reads one model of the configuration, noting every mistake under its full key. */
final class ModelReader {

  /** A name is a metric label, and one segment of a URL's path, where dots alone mean something. */
  private static final Predicate<String> NAME =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}").asMatchPredicate();

  private final String key;
  private final String name;
  private final ModelConfig config;
  private final Problems problems;

  ModelReader(String key, String name, ModelConfig config, Problems problems) {
    this.key = key;
    this.name = name;
    this.config = config;
    this.problems = problems;
  }

  /** The model; empty if anything about it is wrong. */
  Optional<Model> read() {
    int before = problems.count();
    problems.require(
        NAME.test(name),
        key,
        "expected a name of letters, digits, '.', '_' and '-' that begins with a letter or digit,"
            + " at most 128 characters",
        name);
    List<FeatureViewSelector> featureViews = featureViews();
    Optional<ServerSettings> server = server(config.server(), key + ".server");
    Optional<RefreshPolicy> refresh = refresh(config.refresh(), key + ".refresh");
    Optional<RetrainingPolicy> retraining =
        config
            .retraining()
            .flatMap(
                configured ->
                    new RetrainingReader(configured, key + ".retraining", problems).read());
    return problems.count() > before
        ? Optional.empty()
        : Optional.of(
            new Model(
                name,
                featureViews,
                config.paused(),
                server.orElseThrow(),
                refresh.orElseThrow(),
                retraining));
  }

  /** The replicas named by the configuration, none if that cannot be read. */
  static List<String> replicasNamed(ModelConfig config) {
    try {
      return config
          .server()
          .replicas()
          .map(text -> ReplicaAddress.parse(text.strip()).named())
          .orElse(List.of());
    } catch (IllegalArgumentException e) {
      return List.of();
    }
  }

  static String nameOnServer(String name, ModelConfig config) {
    return config.server().modelName().map(String::strip).orElse(name);
  }

  private List<FeatureViewSelector> featureViews() {
    String featureViewsKey = key + ".feature-views";
    List<FeatureViewSelector> selectors = new ArrayList<>();
    List<String> texts = config.featureViews().orElse(List.of());
    if (texts.isEmpty()) {
      problems.add(featureViewsKey, "required, expected at least one feature view");
    }
    for (String text : texts) {
      problems
          .parse(featureViewsKey, text.strip(), FeatureViewSelector::parse)
          .ifPresent(selectors::add);
    }
    return selectors;
  }

  private Optional<ServerSettings> server(ServerConfig server, String key) {
    Optional<Protocol> protocol =
        problems.parseRequired(
            key + ".protocol",
            server.protocol(),
            "open-inference, triton or http",
            ModelReader::protocol);
    Optional<ReplicaAddress> replicas =
        problems.parseRequired(
            key + ".replicas",
            server.replicas(),
            "http(s)://host:port[,...], dns://host:port or kubernetes://namespace/service:port",
            ReplicaAddress::parse);
    problems.requirePositive(key + ".timeout", server.timeout());
    Optional<HttpRequestTemplate> http = http(server.http(), protocol, key + ".http");
    Optional<Path> configFile = configFile(server, protocol, key + ".config-file");
    AccessReader access = new AccessReader(server, key, problems);
    Access accessRead = access.read(replicas);
    Optional<SmokeCheck> smokeCheck =
        server.smokeCheck().flatMap(check -> smokeCheck(check, key + ".smoke-check"));
    return protocol.isEmpty() || replicas.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new ServerSettings(
                protocol.get(),
                access.overTls(replicas.get()),
                nameOnServer(name, config),
                server.timeout(),
                http,
                configFile,
                accessRead,
                smokeCheck));
  }

  private static Protocol protocol(String text) {
    return switch (text) {
      case "open-inference" -> Protocol.OPEN_INFERENCE;
      case "triton" -> Protocol.TRITON;
      case "http" -> Protocol.HTTP;
      default -> throw new IllegalArgumentException("expected open-inference, triton or http");
    };
  }

  private Optional<HttpRequestTemplate> http(
      Optional<HttpConfig> http, Optional<Protocol> protocol, String key) {
    if (protocol.equals(Optional.of(Protocol.HTTP)) && http.isEmpty()) {
      problems.add(key + ".path", "required by protocol http, expected a path such as /reload");
    }
    if (http.isPresent()) {
      requireProtocol(Protocol.HTTP, protocol, key);
    }
    return http.map(request -> request(request, key));
  }

  /** That a key of one protocol is not there with another; an unknown one is a mistake already. */
  private void requireProtocol(Protocol expected, Optional<Protocol> protocol, String key) {
    protocol
        .filter(configured -> configured != expected)
        .ifPresent(
            configured ->
                problems.add(
                    key,
                    "expected only with protocol %s, but the protocol is %s"
                        .formatted(text(expected), text(configured))));
  }

  private static String text(Protocol protocol) {
    return protocol.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private Optional<Path> configFile(ServerConfig server, Optional<Protocol> protocol, String key) {
    if (server.configFile().isPresent()) {
      requireProtocol(Protocol.TRITON, protocol, key);
    }
    return server.configFile().flatMap(file -> problems.parse(key, file.strip(), Path::of));
  }

  private Optional<SmokeCheck> smokeCheck(SmokeCheckConfig check, String key) {
    Optional<String> path =
        problems.parseRequired(
            key + ".path", check.path(), "a path such as /v2/models/m/infer", RequestChecks::path);
    Optional<JsonPointer> pointer =
        check
            .jsonPointer()
            .flatMap(
                text -> problems.parse(key + ".json-pointer", text.strip(), ModelReader::pointer));
    return path.map(to -> new SmokeCheck(to, check.body(), pointer));
  }

  private static JsonPointer pointer(String text) {
    try {
      return JsonPointer.compile(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("expected a JSON pointer such as /outputs/0/data", e);
    }
  }

  private HttpRequestTemplate request(HttpConfig http, String key) {
    RequestChecks checks = new RequestChecks(key, problems);
    checks.method(http.method());
    String path =
        problems
            .parseRequired(
                key + ".path", http.path(), "a path such as /reload", RequestChecks::path)
            .orElse("");
    http.readyPath()
        .ifPresent(text -> problems.parse(key + ".ready-path", text, RequestChecks::path));
    List<Integer> statuses = http.acceptedStatuses().orElse(List.of());
    checks.statuses("accepted-statuses", statuses);
    checks.headers(http.headers());
    return new HttpRequestTemplate(
        http.method(), path, http.headers(), http.body(), Set.copyOf(statuses), http.readyPath());
  }

  private Optional<RefreshPolicy> refresh(RefreshConfig refresh, String key) {
    problems.requireNotNegative(key + ".quiet-period", refresh.quietPeriod());
    problems.requireNotNegative(key + ".max-wait", refresh.maxWait());
    problems.require(
        refresh.quietPeriod().compareTo(refresh.maxWait()) <= 0,
        key + ".quiet-period",
        "expected at most max-wait, which is " + Problems.text(refresh.maxWait()),
        Problems.text(refresh.quietPeriod()));
    problems.require(
        refresh.maxAttempts() >= 1,
        key + ".max-attempts",
        "expected at least 1",
        refresh.maxAttempts());
    refresh
        .objective()
        .ifPresent(objective -> problems.requirePositive(key + ".objective", objective));
    Optional<MaxUnavailable> maxUnavailable =
        problems.parse(
            key + ".max-unavailable", refresh.maxUnavailable().strip(), MaxUnavailable::parse);
    Optional<OnStart> onStart =
        problems.parse(key + ".on-start", refresh.onStart().strip(), ModelReader::onStart);
    return maxUnavailable.isEmpty() || onStart.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new RefreshPolicy(
                refresh.quietPeriod(),
                refresh.maxWait(),
                maxUnavailable.get(),
                refresh.maxAttempts(),
                onStart.get(),
                refresh.objective()));
  }

  private static OnStart onStart(String text) {
    return switch (text) {
      case "if-unknown" -> OnStart.IF_UNKNOWN;
      case "always" -> OnStart.ALWAYS;
      case "never" -> OnStart.NEVER;
      default -> throw new IllegalArgumentException("expected if-unknown, always or never");
    };
  }
}
