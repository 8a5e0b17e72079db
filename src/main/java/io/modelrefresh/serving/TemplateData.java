package io.modelrefresh.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a template of protocol {@code http} may use: {@code model}, {@code watermark} (empty when no
 * update was received yet), {@code rolloutId}, {@code complete} and {@code updates}, each with the
 * field names of the event contract. A field the event does not have is there, and empty.
 */
record TemplateData(String model, LoadRequest request) {

  static final ObjectMapper JSON = new ObjectMapper();

  Map<String, Object> variables() {
    return Map.of(
        "model", model,
        "watermark", request.watermark().map(Instant::toString).orElse(""),
        "rolloutId", request.rolloutId(),
        "complete", request.complete(),
        "updates", request.updates().stream().map(TemplateData::fields).toList());
  }

  private static Map<String, Object> fields(FeatureUpdate update) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("project", update.project().orElse(null));
    fields.put("feature_view", update.featureView());
    fields.put(
        "feature_view_version",
        update.featureViewVersion().isPresent() ? update.featureViewVersion().getAsLong() : null);
    fields.put("features", List.copyOf(update.features()));
    fields.put("entity_keys", update.entityKeys().stream().map(TemplateData::plain).toList());
    fields.put("event_timestamp", update.eventTimestamp().toString());
    fields.put("change", update.change().name().toLowerCase(Locale.ROOT));
    fields.put("row_count", update.rowCount().isPresent() ? update.rowCount().getAsLong() : null);
    fields.put(
        "drift",
        update
            .drift()
            .map(drift -> Map.<String, Object>of("metric", drift.metric(), "value", drift.value()))
            .orElse(null));
    return fields;
  }

  /** Values as Java's own, so that text in a template comes without JSON's quotes. */
  private static Map<String, Object> plain(Map<String, JsonNode> entityKey) {
    Map<String, Object> plain = new LinkedHashMap<>();
    entityKey.forEach((name, value) -> plain.put(name, JSON.convertValue(value, Object.class)));
    return plain;
  }
}
