package io.modelrefresh.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentConfigTest {

  @Test
  void itsDefaultsAreThoseOfProduction() {
    AgentConfig config = config(Map.of());

    assertThat(config.resyncInterval()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.maxConcurrentLoads()).isEqualTo(64);
    assertThat(config.dryRun()).isFalse();
    assertThat(config.publish().enabled()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "resync-interval, -1s",
    "resync-interval, 0s",
    "resync-interval, soon",
    "resync-interval, 9000000000000000s",
    "retraining.scan-interval, 0s",
    "max-concurrent-loads, 0",
    "max-concurrent-loads, many",
  })
  void aBadValueFailsTheStartNamingItsKey(String key, String value) {
    assertThatThrownBy(() -> config(Map.of("model-refresh." + key, value)))
        .hasMessageContaining("model-refresh." + key)
        .hasMessageContaining(value);
  }

  private static AgentConfig config(Map<String, String> values) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(AgentConfig.class)
        .withSources(new PropertiesConfigSource(values, "test", 100))
        .build()
        .getConfigMapping(AgentConfig.class);
  }
}
