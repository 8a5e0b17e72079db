package io.modelrefresh.operations;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The alerts and the dashboard that the repository ships. */
public final class Monitoring {

  public static final String NO_PROMETHEUS =
      "prometheus and promtool are not on this machine, so alerts are NOT evaluated, only read."
          + " Install Debian's package prometheus.";

  static final Path COMPONENT = Kustomizations.ROOT.resolve("components/prometheus-operator");
  static final Path RULE = COMPONENT.resolve("prometheus-rule.yaml");
  static final Path DASHBOARD = Kustomizations.ROOT.resolve("components/grafana/dashboard.json");

  private static final YAMLMapper YAML = new YAMLMapper();

  /** What in an expression is no metric: strings, label matchers, label lists, ranges. */
  private static final Pattern NO_NAMES =
      Pattern.compile(
          "\"[^\"]*\""
              + "|\\{[^}]*}"
              + "|\\[[^]]*]"
              + "|\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)"
              + "|\\b(?:or|and|unless|bool|offset|group_left|group_right)\\b"
              + "|\\b[0-9]\\w*\\b");

  /** A name that is not a function, which a parenthesis follows. */
  private static final Pattern METRIC = Pattern.compile("\\b[a-zA-Z_:][\\w:]*\\b(?!\\s*\\()");

  private Monitoring() {}

  /** The alerting rules. */
  static List<JsonNode> alerts() {
    return StreamSupport.stream(rule().at("/spec/groups").spliterator(), false)
        .flatMap(group -> StreamSupport.stream(group.get("rules").spliterator(), false))
        .toList();
  }

  /** The rules as Prometheus itself reads them. */
  static String alertsFile() {
    try {
      return YAML.writeValueAsString(rule().get("spec"));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode rule() {
    return StrictManifests.documents(Kustomizations.read(RULE)).get(0);
  }

  static JsonNode dashboard() {
    try {
      return new ObjectMapper().readTree(Kustomizations.read(DASHBOARD));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<JsonNode> panels() {
    return StreamSupport.stream(dashboard().get("panels").spliterator(), false)
        .filter(panel -> !panel.get("type").asText().equals("row"))
        .toList();
  }

  /** The expressions of the dashboard, its variables set to what Grafana may set them to. */
  static List<String> dashboardExpressions() {
    return panels().stream()
        .flatMap(panel -> StreamSupport.stream(panel.get("targets").spliterator(), false))
        .map(target -> target.get("expr").asText())
        .map(expression -> expression.replace("$__rate_interval", "1m").replace("$model", ".*"))
        .toList();
  }

  /** Every metric that an alert or a panel asks for. */
  public static Set<String> metrics() {
    Set<String> metrics = new TreeSet<>();
    Stream.concat(
            alerts().stream().map(alert -> alert.get("expr").asText()),
            dashboardExpressions().stream())
        .forEach(expression -> metrics.addAll(metricsOf(expression)));
    return metrics;
  }

  static List<String> metricsOf(String expression) {
    Matcher names = METRIC.matcher(NO_NAMES.matcher(expression).replaceAll(" "));
    List<String> metrics = new ArrayList<>();
    while (names.find()) {
      metrics.add(names.group());
    }
    return metrics;
  }

  /**
   * Writes the alerts for a test that cannot wait: each fires as soon as its expression has been
   * true for a second. The expressions are those shipped.
   */
  public static void writeImpatientAlerts(Path file) {
    write(file, alertsFile().replaceAll("(?m)^( *for:) .*$", "$1 1s"));
  }

  static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
