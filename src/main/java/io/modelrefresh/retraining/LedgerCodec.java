package io.modelrefresh.retraining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A ledger's entry as JSON, in words a person finds in the cluster. */
final class LedgerCodec {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a cooldown can be added to or taken from, and years of four digits are written in. */
  private static final Instant EARLIEST = Instant.parse("1000-01-01T00:00:00Z");

  private static final Instant LATEST = Instant.parse("9000-01-01T00:00:00Z");

  private LedgerCodec() {}

  static String encode(LedgerEntry entry) {
    ObjectNode node = JSON.createObjectNode();
    entry.window().ifPresent(window -> node.put("window", window.toString()));
    entry.covered().ifPresent(covered -> node.put("covered", covered.toString()));
    entry.owed().ifPresent(owed -> node.set("owed", encode(owed)));
    entry.next().ifPresent(next -> node.set("next", encode(next)));
    return node.toString();
  }

  private static ObjectNode encode(Owed owed) {
    ObjectNode node = JSON.createObjectNode();
    node.put("window", owed.window().toString());
    node.put("not_before", owed.notBefore().toString());
    node.put("newest", owed.newest().toString());
    node.put("detail", owed.cause().detail());
    node.put("message_id", owed.cause().messageId());
    owed.cause().traceparent().ifPresent(trace -> node.put("traceparent", trace));
    ObjectNode versions = node.putObject("feature_views");
    owed.cause().versions().forEach(versions::put);
    return node;
  }

  /**
   * @throws IllegalArgumentException saying what is no entry
   */
  static LedgerEntry decode(String text) {
    try {
      JsonNode node = JSON.readTree(text);
      if (!node.isObject()) {
        throw new IllegalArgumentException("expected an object, got " + node.getNodeType());
      }
      return new LedgerEntry(
          instant(node, "window"),
          instant(node, "covered"),
          Optional.ofNullable(node.get("owed")).map(LedgerCodec::owed),
          Optional.ofNullable(node.get("next")).map(LedgerCodec::owed));
    } catch (JsonProcessingException | DateTimeException | NumberFormatException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static Owed owed(JsonNode node) {
    Map<String, String> versions = new TreeMap<>();
    node.path("feature_views")
        .properties()
        .forEach(view -> versions.put(view.getKey(), version(view.getValue().asText())));
    return new Owed(
        required(node, "window"),
        required(node, "not_before"),
        required(node, "newest"),
        new Cause(
            node.path("detail").asText(),
            node.path("message_id").asText(),
            Optional.ofNullable(node.get("traceparent")).map(JsonNode::asText),
            versions));
  }

  private static String version(String text) {
    return text.isEmpty() ? text : Long.toString(Long.parseLong(text));
  }

  private static Instant required(JsonNode node, String field) {
    return instant(node, field)
        .orElseThrow(() -> new IllegalArgumentException("a job owed has no " + field));
  }

  private static Optional<Instant> instant(JsonNode node, String field) {
    Optional<Instant> instant =
        Optional.ofNullable(node.get(field)).map(JsonNode::asText).map(Instant::parse);
    if (instant.filter(at -> at.isBefore(EARLIEST) || at.isAfter(LATEST)).isPresent()) {
      throw new IllegalArgumentException(field + " is no time of our days: " + instant.get());
    }
    return instant;
  }
}
