package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkiverse.googlecloudservices.common.GcpConfigHolder;
import io.quarkiverse.googlecloudservices.pubsub.PubSubConfiguration;
import io.quarkiverse.googlecloudservices.pubsub.QuarkusPubSub;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuarkusPubSubServerTest {

  private static final String KEY = "quarkus.google.cloud.pubsub.emulator-host";

  @Test
  void an_emulator_is_used_when_one_is_named() {
    assertThat(server("127.0.0.1:8085").channel())
        .hasValueSatisfying(
            channel -> assertThat(channel.getEndpoint()).isEqualTo("127.0.0.1:8085"));
  }

  @Test
  void an_environment_variable_that_is_not_set_names_no_emulator() {
    assertThat(server("${NO_SUCH_VARIABLE_IS_SET:}").channel()).isEmpty();
  }

  private static QuarkusPubSubServer server(String emulatorHost) {
    var configuration =
        new SmallRyeConfigBuilder()
            .addDefaultInterceptors()
            .withSources(new PropertiesConfigSource(Map.of(KEY, emulatorHost), "test", 100))
            .withMapping(PubSubConfiguration.class, "quarkus.google.cloud.pubsub")
            .build()
            .getConfigMapping(PubSubConfiguration.class, "quarkus.google.cloud.pubsub");
    return new QuarkusPubSubServer(new QuarkusPubSub(), new GcpConfigHolder(), configuration);
  }
}
