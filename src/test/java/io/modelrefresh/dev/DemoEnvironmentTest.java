package io.modelrefresh.dev;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What dev mode says at the end of its start. */
class DemoEnvironmentTest {

  @Test
  void theStartUpTextSaysWhatRunsWhereAndTheOneCurlToTry() {
    String text = DemoEnvironment.explanation("an embedded emulator at 127.0.0.1:4711", 8080, 9000);

    assertThat(text.strip().lines())
        .hasSize(6)
        .anyMatch(line -> line.matches("Pub/Sub +an embedded emulator at 127.0.0.1:4711"))
        .anyMatch(line -> line.contains("http://127.0.0.1:8091 and http://127.0.0.1:8092"))
        .anyMatch(line -> line.contains("http://localhost:9000/q/metrics and /q/health"))
        .anyMatch(
            line ->
                line.matches(
                    "then try +curl -s localhost:8080/v1/feature-updates -H 'Content-Type:"
                        + " application/json' -d '\\{\"feature_view\":\"driver_hourly_stats\"}'"));
  }
}
