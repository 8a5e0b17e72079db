package io.modelrefresh.update;

import static io.modelrefresh.update.CloudEventAttributes.CONTENT_TYPE;
import static io.modelrefresh.update.CloudEventAttributes.FEATURE_VIEW_UPDATED;
import static io.modelrefresh.update.CloudEventAttributes.ID;
import static io.modelrefresh.update.CloudEventAttributes.SOURCE;
import static io.modelrefresh.update.CloudEventAttributes.SPECVERSION;
import static io.modelrefresh.update.CloudEventAttributes.SUBJECT;
import static io.modelrefresh.update.CloudEventAttributes.TIME;
import static io.modelrefresh.update.CloudEventAttributes.TYPE;

import io.modelrefresh.update.FeatureUpdateParser.Envelope;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Makes a message of a feature update someone posted: its data as it came, in the envelope of a
 * CloudEvent in binary mode. Thread-safe; does not block.
 */
@Singleton
public class FeatureUpdateEncoder {

  private static final String THIS_AGENT = "/v1/feature-updates";

  private final FeatureUpdateDecoder decoder;

  FeatureUpdateEncoder(FeatureUpdateDecoder decoder) {
    this.decoder = decoder;
  }

  /**
   * @param body the data of a feature update, as JSON
   * @param now the event's time, which is the update's too where its data has none
   * @throws UndecodableUpdateException if the message would be poison
   */
  public EncodedUpdate encode(byte[] body, Instant now) throws UndecodableUpdateException {
    var update = decoder.decodeData(body, new Envelope(Optional.empty(), Optional.empty(), now));
    var attributes =
        Map.of(
            ID,
            UUID.randomUUID().toString(),
            TYPE,
            FEATURE_VIEW_UPDATED,
            SOURCE,
            THIS_AGENT,
            SUBJECT,
            update.featureView(),
            TIME,
            now.toString(),
            SPECVERSION,
            "1.0",
            CONTENT_TYPE,
            "application/json");
    return new EncodedUpdate(update, body, attributes);
  }
}
