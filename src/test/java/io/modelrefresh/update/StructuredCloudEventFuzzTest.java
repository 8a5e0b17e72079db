package io.modelrefresh.update;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.time.Instant;
import java.util.Map;

/** CloudEvents in structured mode: the whole event is the message's data. */
class StructuredCloudEventFuzzTest {

  private static final Map<String, String> ATTRIBUTES =
      Map.of("content-type", "application/cloudevents+json");

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();

  @FuzzTest
  void anyEventIsAnUpdateOrOfAnotherTypeOrPoisonThatIsNamed(byte[] event) {
    DecodedMessage decoded = DecodedMessage.of(decoder, event, ATTRIBUTES, Instant.EPOCH);

    assertThat(DecodedMessage.of(decoder, event, ATTRIBUTES, Instant.EPOCH)).isEqualTo(decoded);
  }
}
