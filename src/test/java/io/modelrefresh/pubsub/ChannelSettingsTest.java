package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelSettingsTest {

  private final PubSubServer server =
      new PubSubServer() {
        @Override
        public String projectId() {
          return "project-of-server";
        }

        @Override
        public CredentialsProvider credentials() {
          return NoCredentialsProvider.create();
        }

        @Override
        public Optional<TransportChannelProvider> channel() {
          return Optional.empty();
        }
      };

  @ParameterizedTest
  @CsvSource({
    "max-outstanding-messages, 0",
    "max-outstanding-messages, many",
    "max-outstanding-bytes, -1",
    "max-outstanding-bytes, lots",
    "max-ack-extension, soon",
    "max-ack-extension, -5m",
    "min-duration-per-ack-extension, 0s",
    "max-duration-per-ack-extension, x",
    "ack-timeout, 0s",
    "ordered, sometimes",
    "drain-timeout, -1s",
    "restart.max-wait, never",
    "keep-alive-interval, 0s",
    "unprocessed-message-max-age, 0s",
  })
  void a_bad_value_is_refused_by_channel_and_key(String key, String value) {
    assertThatThrownBy(() -> incoming(Map.of(key, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("mp.messaging.incoming.updates." + key + ": ")
        .hasMessageContaining(value);
  }

  @ParameterizedTest
  @CsvSource({"max-in-flight-messages, 0", "batch-size, 1001", "batch-bytes, 0", "batch-delay, 0s"})
  void a_bad_value_of_an_outgoing_channel_is_refused_too(String key, String value) {
    assertThatThrownBy(() -> outgoing(Map.of(key, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("mp.messaging.outgoing.updates." + key + ": ")
        .hasMessageContaining(value);
  }

  @Test
  void defaults_are_as_documented() {
    var settings = incoming(Map.of());

    assertThat(settings.subscription())
        .hasToString("projects/project-of-server/subscriptions/updates");
    assertThat(settings.maxOutstandingMessages()).isEqualTo(10_000);
    assertThat(settings.maxOutstandingBytes()).isEqualTo(100 << 20);
    assertThat(settings.maxAckExtension()).isEqualTo(Duration.ofMinutes(60));
    assertThat(settings.failureStrategy()).isEqualTo("nack");
    assertThat(settings.unprocessedMessageMaxAge()).isEmpty();
    assertThat(outgoing(Map.of()).topic()).isEqualTo("projects/project-of-server/topics/updates");
  }

  @ParameterizedTest
  @CsvSource(
      value = {
        "-, -, 60m, 60",
        "-, -, 30s, 30",
        "-, -, 1s, 10",
        "2m, -, 60m, 120",
        "-, 20s, 60m, 20",
        "-, 20m, 60m, 60",
        "20m, -, 60m, 600",
      },
      nullValues = "-")
  void a_lease_is_a_minute_unless_settings_or_the_protocol_say_otherwise(
      String shortest, String longest, String maxAckExtension, long seconds) {
    var attributes = new HashMap<>(Map.of("max-ack-extension", maxAckExtension));
    Optional.ofNullable(shortest)
        .ifPresent(value -> attributes.put("min-duration-per-ack-extension", value));
    Optional.ofNullable(longest)
        .ifPresent(value -> attributes.put("max-duration-per-ack-extension", value));

    assertThat(LeaseSettings.of(incoming(attributes)).lease()).hasSeconds(seconds);
  }

  @Test
  void names_may_be_full_or_of_another_project() {
    assertThat(incoming(Map.of("project-id", "other", "subscription", "sub")).subscription())
        .hasToString("projects/other/subscriptions/sub");
    assertThat(incoming(Map.of("subscription", "projects/full/subscriptions/sub")).subscription())
        .hasToString("projects/full/subscriptions/sub");
    assertThat(incoming(Map.of("dead-letter.topic", "letters")).deadLetterTopic())
        .contains("projects/project-of-server/topics/letters");
  }

  private InboundSettings incoming(Map<String, String> attributes) {
    var config = PubSubTestBase.config(List.of(attributes));
    return InboundSettings.of(new PubSubConnectorIncomingConfiguration(config), server);
  }

  private OutboundSettings outgoing(Map<String, String> attributes) {
    var config = PubSubTestBase.config(List.of(attributes));
    return OutboundSettings.of(new PubSubConnectorOutgoingConfiguration(config), server);
  }
}
