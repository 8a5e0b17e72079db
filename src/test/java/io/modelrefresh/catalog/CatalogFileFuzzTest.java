package io.modelrefresh.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.smallrye.config.ConfigValidationException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The catalog's file, as YAML, or as properties where it begins with a comment that says so. */
class CatalogFileFuzzTest {

  private static final String PROPERTIES = "# properties";

  @FuzzTest
  void anyFileIsACatalogOrRefusedWithWhatIsWrong(byte[] file) {
    String content = new String(file, UTF_8);
    var name = content.startsWith(PROPERTIES) ? "catalog.properties" : "catalog.yaml";
    Catalog catalog;
    try {
      catalog = new CatalogFile(Path.of(name)).parse(content);
    } catch (UnreadableCatalogException
        | ConfigValidationException
        | InvalidCatalogException refused) {
      assertThat(refused.getMessage()).isNotBlank();
      return;
    }
    catalog.models().forEach(CatalogFileFuzzTest::canBeServed);
  }

  private static void canBeServed(Model model) {
    assertThat(catalogNames(model)).allMatch(name -> !name.isBlank());
    for (Duration duration : durations(model)) {
      // What is made of them when they are used.
      assertThat(duration.toMillis()).isNotNegative();
      assertThat(Instant.parse("2026-11-22T10:00:00Z").plus(duration)).isAfter(Instant.EPOCH);
    }
  }

  private static List<String> catalogNames(Model model) {
    List<String> names = new ArrayList<>(model.server().replicas().named());
    names.add(model.name());
    names.add(model.server().modelName());
    model.featureViews().forEach(view -> names.add(view.toString()));
    return names;
  }

  private static List<Duration> durations(Model model) {
    List<Duration> durations = new ArrayList<>();
    durations.add(model.server().timeout());
    durations.add(model.refresh().quietPeriod());
    durations.add(model.refresh().maxWait());
    model.refresh().objective().ifPresent(durations::add);
    model
        .retraining()
        .ifPresent(
            policy -> {
              durations.add(policy.cooldown());
              if (policy.queue() instanceof Http http) {
                durations.add(http.timeout());
              }
              if (policy.queue() instanceof RetrainingTarget.Kubernetes kubernetes) {
                durations.add(kubernetes.ttlAfterFinished());
              }
            });
    return durations;
  }
}
