package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.reactive.messaging.health.HealthReport;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChannelHealthTest extends PubSubTestBase {

  @Test
  void a_message_unsettled_past_its_maximum_age_fails_liveness_until_it_is_settled() {
    publish("stuck");
    var channel = channel(Map.of("unprocessed-message-max-age", "5m"));
    var consumer = consume(channel).request(1).awaitReceived(1);
    clock.advance(Duration.ofMinutes(5));
    assertThat(liveness(channel).isOk()).isTrue();

    clock.advance(Duration.ofSeconds(1));
    assertThat(liveness(channel).isOk()).isFalse();
    assertThat(liveness(channel).getMessage()).contains("PT5M");

    consumer.message(0).ack();
    assertThat(liveness(channel).isOk()).isTrue();
  }

  @Test
  void by_default_a_message_may_be_held_for_ever() {
    publish("held");
    var channel = channel(Map.of());
    consume(channel).request(1).awaitReceived(1);

    clock.advance(Duration.ofDays(1));

    assertThat(liveness(channel).isOk()).isTrue();
  }

  @Test
  void a_channel_may_stay_out_of_health() {
    var channel = channel(Map.of("health-enabled", "false"));
    var report = HealthReport.builder();

    channel.reportReadiness(report);
    channel.reportLiveness(report);

    assertThat(report.build().getChannels()).isEmpty();
  }
}
