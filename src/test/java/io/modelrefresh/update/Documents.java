package io.modelrefresh.update;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Generates documents near the border of what the schema allows, from a seed. */
final class Documents {

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final Random random;

  Documents(Random random) {
    this.random = random;
  }

  /**
   * Valid about half of the time: each field is mostly of its type, and now and then of another.
   */
  JsonNode document() {
    if (random.nextInt(40) == 0) {
      return any(3);
    }
    ObjectNode document = JSON.objectNode();
    put(document, "feature_view", 20, this::name);
    put(document, "project", 2, this::name);
    put(document, "feature_view_version", 2, this::count);
    put(document, "features", 2, () -> array(this::name));
    put(document, "entity_keys", 2, () -> array(this::entityKey));
    put(document, "event_timestamp", 2, this::timestamp);
    put(document, "change", 2, this::change);
    put(document, "row_count", 2, this::count);
    put(document, "drift", 2, this::drift);
    put(document, "unknown", 1, () -> any(3));
    return document;
  }

  /** Any JSON, not deep. */
  JsonNode any(int depth) {
    return switch (random.nextInt(depth > 0 ? 8 : 6)) {
      case 0 -> JSON.nullNode();
      case 1 -> JSON.booleanNode(random.nextBoolean());
      case 2 -> JSON.textNode(text());
      case 3 -> count();
      case 4 -> JSON.numberNode(random.nextGaussian());
      case 5 -> JSON.textNode("7");
      case 6 -> array(() -> any(depth - 1));
      default -> {
        ObjectNode object = JSON.objectNode();
        for (int i = random.nextInt(3); i > 0; i--) {
          object.set(text(), any(depth - 1));
        }
        yield object;
      }
    };
  }

  private void put(ObjectNode into, String field, int odds, Supplier<JsonNode> value) {
    if (random.nextInt(odds + 1) > 0) {
      into.set(field, random.nextInt(20) == 0 ? any(2) : value.get());
    }
  }

  private JsonNode name() {
    return JSON.textNode(random.nextInt(30) == 0 ? pick(List.of("", " ", "\t\u0001")) : text());
  }

  private JsonNode count() {
    return switch (random.nextInt(12)) {
      case 0 -> JSON.numberNode(-1);
      case 1 -> JSON.numberNode(Long.MAX_VALUE);
      case 2 -> JSON.numberNode(BigInteger.ONE.shiftLeft(63));
      case 3 -> JSON.numberNode(1.5);
      case 4 -> JSON.numberNode(new BigDecimal("7.0"));
      default -> JSON.numberNode(random.nextInt(100_000));
    };
  }

  private JsonNode timestamp() {
    return JSON.textNode(
        pick(
            List.of(
                "2026-11-22T10:00:00Z",
                "2026-11-22t10:00:00.123456789z",
                "2026-11-22T10:00:00+05:30",
                "2026-11-22T10:00:00-00:00",
                "2016-12-31T23:59:60Z",
                "2026-02-29T10:00:00Z",
                "2026-11-22T10:00:00",
                "2026-11-22T10:00Z",
                "2026-11-22",
                "2026-11-22T24:00:00Z",
                "2026-11-22 10:00:00Z",
                "2026-11-22T10:00:00.Z",
                "now")));
  }

  private JsonNode change() {
    return JSON.textNode(
        random.nextInt(20) == 0 ? "VALUES" : pick(List.of("values", "schema", "delete")));
  }

  private JsonNode entityKey() {
    ObjectNode key = JSON.objectNode();
    for (int i = random.nextInt(3); i > 0; i--) {
      key.set(text(), any(random.nextInt(10) == 0 ? 1 : 0));
    }
    return key;
  }

  private JsonNode drift() {
    ObjectNode drift = JSON.objectNode();
    put(drift, "metric", 20, this::name);
    put(drift, "value", 20, () -> JSON.numberNode(random.nextDouble()));
    put(drift, "unknown", 1, () -> any(1));
    return drift;
  }

  private JsonNode array(Supplier<JsonNode> item) {
    var array = JSON.arrayNode();
    for (int i = random.nextInt(4); i > 0; i--) {
      array.add(item.get());
    }
    return array;
  }

  private String text() {
    return pick(List.of("driver_id", "a", "ümlaut", "\uD83D\uDE00", "x\ny", "payments/users"))
        + random.nextInt(50);
  }

  <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
