package io.modelrefresh.update;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** What the decoder made of a message, having kept all that it promises. */
record DecodedMessage(Optional<Decoded> decoded, Optional<String> refusal) {

  /** Dead letters carry the cause as an attribute, of which Pub/Sub takes 1,024 bytes. */
  private static final int MOST = 1_024;

  static DecodedMessage of(
      FeatureUpdateDecoder decoder,
      byte[] data,
      Map<String, String> attributes,
      Instant publishTime) {
    Decoded decoded;
    try {
      decoded = decoder.decode(data, attributes, publishTime);
    } catch (UndecodableUpdateException e) {
      assertThat(e).hasNoCause().hasMessageStartingWith(e.field() + ": ");
      assertThat(e.getMessage()).hasSizeLessThan(MOST).matches("\\P{Cntrl}+");
      return new DecodedMessage(Optional.empty(), Optional.of(e.getMessage()));
    }
    if (decoded instanceof Decoded.Update update) {
      assertThat(update.update().featureView()).isNotBlank();
      assertThat(update.update().eventTimestamp()).isNotNull();
    }
    return new DecodedMessage(Optional.of(decoded), Optional.empty());
  }
}
