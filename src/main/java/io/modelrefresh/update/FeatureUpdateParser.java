package io.modelrefresh.update;

import static io.modelrefresh.update.FieldReader.once;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads the data of a feature update, token by token. This runs for every message: it builds
 * nothing it does not need, and skips what it does not know.
 */
final class FeatureUpdateParser {

  /**
   * What the message's envelope says, for where the data is silent.
   *
   * @param time an RFC 3339 timestamp, not yet read
   */
  record Envelope(Optional<String> subject, Optional<String> time, Instant publishTime) {}

  private final JsonFactory json =
      JsonFactory.builder()
          // Join keys are the publishers' choice: interning would keep what they send.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxNumberLength(100)
                  .maxNameLength(1_024)
                  .maxStringLength(65_536)
                  .build())
          .build();

  FeatureUpdate parse(byte[] data, Envelope envelope) throws UndecodableUpdateException {
    try (JsonParser parser = json.createParser(data)) {
      parser.nextToken();
      Document document = new Document(parser);
      document.read();
      if (parser.nextToken() != null) {
        throw new UndecodableUpdateException("data", "expected nothing after the JSON object");
      }
      return document.update(envelope);
    } catch (StreamConstraintsException e) {
      // Its message names the limit and the size found, never the content.
      throw new UndecodableUpdateException("data", "too large: " + e.getOriginalMessage());
    } catch (IOException | IllegalStateException e) {
      // IllegalStateException: Jackson's guard against names made to collide in its symbol table.
      throw new UndecodableUpdateException("data", "expected well-formed JSON");
    }
  }

  /** One document being read: the fields found so far, {@code null} where not found. */
  private static final class Document {

    private final JsonParser parser;
    private final FieldReader reader;

    private String project;
    private String featureView;
    private Long featureViewVersion;
    private Set<String> features;
    private List<Map<String, JsonNode>> entityKeys;
    private Instant eventTimestamp;
    private Change change;
    private Long rowCount;
    private Drift drift;

    Document(JsonParser parser) {
      this.parser = parser;
      this.reader = new FieldReader(parser);
    }

    void read() throws IOException, UndecodableUpdateException {
      reader.require(JsonToken.START_OBJECT, "data", "a JSON object");
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        if (parser.nextToken() != JsonToken.VALUE_NULL) {
          readField(name);
        }
      }
    }

    private void readField(String name) throws IOException, UndecodableUpdateException {
      switch (name) {
        case "project" -> project = once(name, project, reader.name(name));
        case "feature_view" -> featureView = once(name, featureView, reader.name(name));
        case "feature_view_version" ->
            featureViewVersion = once(name, featureViewVersion, reader.count(name));
        case "features" -> features = once(name, features, features());
        case "entity_keys" -> entityKeys = once(name, entityKeys, entityKeys());
        case "event_timestamp" -> eventTimestamp = once(name, eventTimestamp, timestamp(name));
        case "change" -> change = once(name, change, change());
        case "row_count" -> rowCount = once(name, rowCount, reader.count(name));
        case "drift" -> drift = once(name, drift, drift());
        default -> parser.skipChildren();
      }
    }

    FeatureUpdate update(Envelope envelope) throws UndecodableUpdateException {
      return new FeatureUpdate(
          Optional.ofNullable(project),
          featureView != null ? featureView : featureViewOf(envelope),
          optional(featureViewVersion),
          features != null ? features : Set.of(),
          entityKeys != null ? entityKeys : List.of(),
          eventTimestamp != null ? eventTimestamp : timeOf(envelope),
          change != null ? change : Change.VALUES,
          optional(rowCount),
          Optional.ofNullable(drift));
    }

    private static String featureViewOf(Envelope envelope) throws UndecodableUpdateException {
      return envelope
          .subject()
          .filter(subject -> !FieldReader.isBlank(subject))
          .orElseThrow(
              () ->
                  new UndecodableUpdateException(
                      "feature_view", "required in the data, or else as ce-subject"));
    }

    private static Instant timeOf(Envelope envelope) throws UndecodableUpdateException {
      return envelope.time().isPresent()
          ? Rfc3339.parse(CloudEventAttributes.TIME, envelope.time().get())
          : envelope.publishTime();
    }

    private Instant timestamp(String field) throws IOException, UndecodableUpdateException {
      return Rfc3339.parse(field, reader.text(field, "a string with an RFC 3339 timestamp"));
    }

    private Change change() throws IOException, UndecodableUpdateException {
      String expected = "one of \"values\", \"schema\", \"delete\"";
      return switch (reader.text("change", expected)) {
        case "values" -> Change.VALUES;
        case "schema" -> Change.SCHEMA;
        case "delete" -> Change.DELETE;
        default -> throw new UndecodableUpdateException("change", "expected " + expected);
      };
    }

    private Set<String> features() throws IOException, UndecodableUpdateException {
      reader.require(JsonToken.START_ARRAY, "features", "an array of strings");
      Set<String> features = new LinkedHashSet<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        features.add(reader.name("features[]"));
      }
      return features;
    }

    private List<Map<String, JsonNode>> entityKeys()
        throws IOException, UndecodableUpdateException {
      reader.require(JsonToken.START_ARRAY, "entity_keys", "an array of objects");
      List<Map<String, JsonNode>> keys = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        keys.add(entityKey());
      }
      return keys;
    }

    private Map<String, JsonNode> entityKey() throws IOException, UndecodableUpdateException {
      String field = "entity_keys[]";
      reader.require(JsonToken.START_OBJECT, field, "an object of join keys and values");
      Map<String, JsonNode> key = new LinkedHashMap<>();
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        key.put(name, once(field, key.get(name), reader.scalar(field)));
      }
      return Collections.unmodifiableMap(key);
    }

    private Drift drift() throws IOException, UndecodableUpdateException {
      reader.require(JsonToken.START_OBJECT, "drift", "an object with metric and value");
      String metric = null;
      Double value = null;
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        switch (name) {
          case "metric" -> metric = once("drift.metric", metric, reader.name("drift.metric"));
          case "value" -> value = once("drift.value", value, reader.number("drift.value"));
          default -> parser.skipChildren();
        }
      }
      if (metric == null || value == null) {
        String missing = metric == null ? "drift.metric" : "drift.value";
        throw new UndecodableUpdateException(missing, "required where there is a drift");
      }
      return new Drift(metric, value);
    }

    private static OptionalLong optional(Long value) {
      return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }
  }
}
