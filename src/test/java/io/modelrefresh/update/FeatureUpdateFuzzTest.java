package io.modelrefresh.update;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.FuzzInput;
import java.time.Instant;
import java.util.Map;

/**
 * Bare JSON and CloudEvents in binary mode: the message's attributes a line each, then its data.
 */
class FeatureUpdateFuzzTest {

  private final FeatureUpdateDecoder decoder = new FeatureUpdateDecoder();
  private final FeatureUpdateEncoder encoder = new FeatureUpdateEncoder(decoder);

  @FuzzTest
  void anyMessageIsAnUpdateOrPoisonThatIsNamed(byte[] input) throws UndecodableUpdateException {
    FuzzInput message = FuzzInput.of(input);
    DecodedMessage decoded =
        DecodedMessage.of(decoder, message.body(), message.fields(0), Instant.EPOCH);

    assertThat(DecodedMessage.of(decoder, message.body(), message.fields(0), Instant.EPOCH))
        .isEqualTo(decoded);
    publishedAgainIsTheSame(message.body());
  }

  /** What the HTTP API takes, the consumer takes, and takes for the same. */
  private void publishedAgainIsTheSame(byte[] data) throws UndecodableUpdateException {
    EncodedUpdate encoded;
    try {
      encoded = encoder.encode(data, Instant.EPOCH);
    } catch (UndecodableUpdateException e) {
      assertThat(DecodedMessage.of(decoder, data, Map.of(), Instant.EPOCH).refusal()).isPresent();
      return;
    }
    assertThat(decoder.decode(encoded.data(), encoded.attributes(), Instant.MAX))
        .isEqualTo(new Decoded.Update(encoded.update()));
  }
}
