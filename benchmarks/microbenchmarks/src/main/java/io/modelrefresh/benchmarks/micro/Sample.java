package io.modelrefresh.benchmarks.micro;

import io.modelrefresh.update.Decoded;
import io.modelrefresh.update.FeatureUpdate;
import io.modelrefresh.update.FeatureUpdateDecoder;
import io.modelrefresh.update.UndecodableUpdateException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;

/** One update of 200 bytes as a publisher writes it. */
final class Sample {

  static final Map<String, String> BARE = Map.of("content-type", "application/json");

  /** As Google's and CloudEvents' clients send an event in binary mode. */
  static final Map<String, String> CLOUD_EVENT =
      Map.of(
          "ce-id", "2f4a9a4e-6b0c-4e0f-9d52-8a3f0c7f4a11",
          "ce-type", "io.modelrefresh.feature_view.updated.v1",
          "ce-source", "/feast/fraud",
          "ce-subject", "driver_hourly_stats",
          "ce-time", "2026-11-22T10:00:00.123Z",
          "ce-specversion", "1.0",
          "content-type", "application/json");

  static final Instant PUBLISHED = Instant.parse("2026-11-22T10:00:01.234Z");

  private Sample() {}

  static byte[] body() {
    return body("driver_hourly_stats");
  }

  static byte[] body(String featureView) {
    return ("{\"project\":\"fraud\",\"feature_view\":\""
            + featureView
            + "\",\"features\":[\"conv_rate\",\"acc_rate\"],\"entity_keys\":[{\"driver_id\":1001}],"
            + "\"event_timestamp\":\"2026-11-22T10:00:00.123Z\",\"change\":\"values\","
            + "\"row_count\":12000}")
        .getBytes(StandardCharsets.UTF_8);
  }

  static FeatureUpdate update(String featureView) {
    try {
      Decoded decoded = new FeatureUpdateDecoder().decode(body(featureView), BARE, PUBLISHED);
      return ((Decoded.Update) decoded).update();
    } catch (UndecodableUpdateException e) {
      throw new IllegalStateException(e);
    }
  }
}
