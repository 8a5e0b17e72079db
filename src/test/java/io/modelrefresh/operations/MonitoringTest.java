package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The alerts say what they should, when they should; the dashboard asks what can be asked. */
class MonitoringTest {

  private static final Path TESTS = Monitoring.COMPONENT.resolve("alerts.test.yaml");
  private static final Path RUNBOOK = Kustomizations.ROOT.resolve("RUNBOOK.md");

  @TempDir Path directory;

  static Stream<JsonNode> alerts() {
    return Monitoring.alerts().stream();
  }

  @Test
  void eachAlertFiresAndResolvesAsItsScenarioSays() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);
    Monitoring.write(directory.resolve("alerts.yaml"), Monitoring.alertsFile());
    Path tests = directory.resolve("alerts.test.yaml");
    Monitoring.write(tests, Kustomizations.read(TESTS));

    assertThat(Tool.run("promtool", "test", "rules", tests.toString())).contains("SUCCESS");
  }

  @Test
  void aRuleThatNoLongerDoesWhatItsScenarioSaysIsCaught() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);
    Monitoring.write(
        directory.resolve("alerts.yaml"), Monitoring.alertsFile().replace("> 2700", "> 27000"));
    Path tests = directory.resolve("alerts.test.yaml");
    Monitoring.write(tests, Kustomizations.read(TESTS));

    assertThatThrownBy(() -> Tool.run("promtool", "test", "rules", tests.toString()))
        .hasMessageContaining("FeatureUpdatesOutstandingTooLong");
  }

  @ParameterizedTest
  @MethodSource("alerts")
  void anAlertHasAScenarioInWhichItFiresAndOneMomentInWhichItDoesNot(JsonNode alert) {
    List<JsonNode> moments = new ArrayList<>();
    for (JsonNode test :
        StrictManifests.documents(Kustomizations.read(TESTS)).get(0).get("tests")) {
      test.get("alert_rule_test").forEach(moments::add);
    }

    assertThat(moments)
        .filteredOn(moment -> moment.get("alertname").equals(alert.get("alert")))
        .anyMatch(moment -> moment.has("exp_alerts"))
        .anyMatch(moment -> !moment.has("exp_alerts"));
  }

  @ParameterizedTest
  @MethodSource("alerts")
  void anAlertSaysWhatIsWrongHowBadItIsAndWhereToReadOn(JsonNode alert) {
    String section = alert.get("alert").asText();

    assertThat(alert.at("/labels/severity").asText()).isIn("critical", "warning");
    assertThat(alert.at("/annotations/summary").asText()).isNotBlank();
    assertThat(alert.at("/annotations/description").asText()).isNotBlank();
    assertThat(alert.at("/annotations/runbook").asText())
        .isEqualTo("RUNBOOK.md#" + section.toLowerCase(Locale.ROOT));
    assertThat(Kustomizations.read(RUNBOOK)).contains("\n## " + section + "\n");
  }

  @Test
  void theRunbookHasNoSectionForAnAlertThatIsNotThere() {
    assertThat(Kustomizations.read(RUNBOOK).lines().filter(line -> line.startsWith("## ")))
        .containsExactlyInAnyOrderElementsOf(
            alerts().map(alert -> "## " + alert.get("alert").asText()).toList());
  }

  @Test
  void theReadmeListsEachAlertUnderItsSeverity() {
    Map<String, Set<String>> listed = new TreeMap<>();
    Kustomizations.read(Kustomizations.ROOT.resolve("README.md"))
        .lines()
        .filter(line -> line.matches("\\| \\w+(, \\w+)* \\| (critical|warning) \\|"))
        .map(line -> line.split(" ?\\| ?"))
        .forEach(cells -> listed.put(cells[2], Set.of(cells[1].split(", "))));

    assertThat(listed)
        .isEqualTo(
            alerts()
                .collect(
                    Collectors.groupingBy(
                        alert -> alert.at("/labels/severity").asText(),
                        Collectors.mapping(
                            alert -> alert.get("alert").asText(), Collectors.toSet()))));
  }

  @Test
  void everyExpressionOfTheDashboardIsOnePrometheusUnderstands() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);

    Path rules = directory.resolve("dashboard.yaml");
    Monitoring.write(rules, recording(Monitoring.dashboardExpressions()));

    assertThat(Tool.run("promtool", "check", "rules", rules.toString())).contains("SUCCESS");
  }

  @Test
  void anExpressionPrometheusDoesNotUnderstandIsCaught() {
    Tool.needed(Prometheus.present(), Monitoring.NO_PROMETHEUS);

    Path rules = directory.resolve("dashboard.yaml");
    Monitoring.write(rules, recording(List.of("sum by (model (model_replicas)")));

    assertThatThrownBy(() -> Tool.run("promtool", "check", "rules", rules.toString()))
        .hasMessageContaining("parse error");
  }

  private static String recording(List<String> expressions) {
    StringBuilder rules = new StringBuilder("groups:\n- name: dashboard\n  rules:\n");
    for (int i = 0; i < expressions.size(); i++) {
      rules.append("  - {record: panel%d, expr: '%s'}\n".formatted(i, expressions.get(i)));
    }
    return rules.toString();
  }

  @Test
  void eachPanelHasAnIdOfItsOwnATitleADescriptionAndAPlaceOfItsOwn() {
    List<JsonNode> panels = Monitoring.panels();

    assertThat(panels).extracting(panel -> panel.get("id").asInt()).doesNotHaveDuplicates();
    assertThat(panels).extracting(panel -> panel.get("gridPos")).doesNotHaveDuplicates();
    assertThat(panels)
        .allSatisfy(
            panel -> {
              assertThat(panel.get("title").asText()).isNotBlank();
              assertThat(panel.get("description").asText()).isNotBlank();
              assertThat(panel.get("targets")).isNotEmpty();
              assertThat(panel.at("/datasource/uid").asText()).isEqualTo("${datasource}");
            });
    assertThat(
            StreamSupport.stream(Monitoring.dashboard().at("/templating/list").spliterator(), false)
                .map(variable -> variable.get("name").asText()))
        .containsExactly("datasource", "model");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "up | up",
        "sum by (model, le) (rate(a_bucket{model=~\"b_c\"}[5m])) | a_bucket",
        "max by (x) (a) > on (x) group_left max without (y) (b_c) | a b_c",
        "a - (a offset 1h or 0 * a) > 0.5 | a a a",
        "absent(a{b=\"c\"}) or vector(0) | a",
      })
  void theMetricsOfAnExpressionAreFound(String expression, String metrics) {
    assertThat(Monitoring.metricsOf(expression)).containsExactly(metrics.split(" "));
  }
}
