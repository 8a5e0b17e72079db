package io.modelrefresh.infrastructure;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * The event's JSON Schema as the protobuf definition that Pub/Sub wants of a topic's schema: one
 * message, no imports. Pub/Sub then takes what that message's JSON can be (proto3, JSON mapping).
 *
 * <p>It is stricter than the agent: a field it does not know is refused. And a list of maps of
 * mixed values is nothing a message can have, so {@code entity_keys} is left out: whoever publishes
 * those uses no schema. Avro would be no help: in its JSON every optional value is wrapped in the
 * name of its type, which is no feature update.
 */
final class ProtobufSchema {

  private static final String SCHEMA = "/META-INF/model-refresh/feature-update.schema.json";

  private final StringBuilder text = new StringBuilder();

  private ProtobufSchema() {}

  static String ofFeatureUpdates() {
    try (InputStream schema = ProtobufSchema.class.getResourceAsStream(SCHEMA)) {
      return of(
          JsonParser.parseReader(new InputStreamReader(schema, StandardCharsets.UTF_8))
              .getAsJsonObject());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @throws IllegalArgumentException naming the property whose type has no counterpart
   */
  static String of(JsonObject schema) {
    var protobuf = new ProtobufSchema();
    protobuf.text.append("syntax = \"proto3\";\n");
    protobuf.message("FeatureUpdate", schema, "");
    return protobuf.text.toString();
  }

  /** Properties get their numbers in the order they are in: new ones belong at the end. */
  private void message(String name, JsonObject schema, String indent) {
    text.append(indent).append("message ").append(name).append(" {\n");
    int number = 0;
    for (Map.Entry<String, JsonElement> property :
        schema.getAsJsonObject("properties").entrySet()) {
      number++;
      field(property.getKey(), property.getValue().getAsJsonObject(), number, indent + "  ");
    }
    text.append(indent).append("}\n");
  }

  private void field(String name, JsonObject schema, int number, String indent) {
    if (schema.has("enum")) {
      String type = typeName(name);
      text.append(indent).append("enum ").append(type).append(" {");
      int constant = 0;
      for (JsonElement value : schema.getAsJsonArray("enum")) {
        if (!value.isJsonNull()) {
          text.append(" ").append(value.getAsString()).append(" = ").append(constant++).append(";");
        }
      }
      text.append(" }\n");
      declare("optional " + type, name, number, indent);
      return;
    }
    switch (type(schema)) {
      case "string" -> declare("optional string", name, number, indent);
      case "integer" -> declare("optional int64", name, number, indent);
      case "number" -> declare("optional double", name, number, indent);
      case "object" -> {
        message(typeName(name), schema, indent);
        declare("optional " + typeName(name), name, number, indent);
      }
      case "array" -> array(name, schema.getAsJsonObject("items"), number, indent);
      default ->
          throw new IllegalArgumentException(name + ": no protobuf type for " + type(schema));
    }
  }

  private void array(String name, JsonObject items, int number, String indent) {
    if (type(items).equals("string")) {
      declare("repeated string", name, number, indent);
    } else {
      text.append(indent).append("reserved ").append(number).append("; // ").append(name);
      text.append("\n");
    }
  }

  private void declare(String type, String name, int number, String indent) {
    text.append("%s%s %s = %d;\n".formatted(indent, type, name, number));
  }

  /** The type that is not null. */
  private static String type(JsonObject schema) {
    JsonElement type = schema.get("type");
    JsonArray types = new JsonArray();
    if (type.isJsonArray()) {
      types.addAll(type.getAsJsonArray());
    } else {
      types.add(type);
    }
    return StreamSupport.stream(types.spliterator(), false)
        .map(JsonElement::getAsString)
        .filter(name -> !name.equals("null"))
        .findFirst()
        .orElseThrow();
  }

  private static String typeName(String property) {
    return Character.toUpperCase(property.charAt(0)) + property.substring(1);
  }
}
