package io.modelrefresh.update;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;

/**
 * Reads the value a JSON parser stands on as the type a field must have, without coercion: {@code
 * "7"} is no number. The field's name is only for the message of what is thrown.
 */
record FieldReader(JsonParser parser) {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final String COUNT = "an integer from 0 to 2^63-1";

  String text(String field, String expected) throws IOException, UndecodableUpdateException {
    require(JsonToken.VALUE_STRING, field, expected);
    return parser.getText();
  }

  String name(String field) throws IOException, UndecodableUpdateException {
    String text = text(field, "a string");
    if (isBlank(text)) {
      throw new UndecodableUpdateException(field, "expected a string that is not blank");
    }
    return text;
  }

  /** An integer as JSON Schema has it: {@code 7.0} and {@code 7e0} are 7. */
  Long count(String field) throws IOException, UndecodableUpdateException {
    requireNumber(field, COUNT);
    try {
      boolean plain =
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
      long count = plain ? parser.getLongValue() : parser.getDecimalValue().longValueExact();
      if (count >= 0) {
        return count;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // Said below: not an integer, or not one of 64 bits.
    }
    throw new UndecodableUpdateException(field, "expected " + COUNT);
  }

  Double number(String field) throws IOException, UndecodableUpdateException {
    requireNumber(field, "a number");
    double number = parser.getDoubleValue();
    if (Double.isInfinite(number)) {
      throw new UndecodableUpdateException(field, "expected a number that fits a 64-bit float");
    }
    return number;
  }

  JsonNode scalar(String field) throws IOException, UndecodableUpdateException {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> NODES.textNode(parser.getText());
      case VALUE_NUMBER_INT ->
          parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? NODES.numberNode(parser.getBigIntegerValue())
              : NODES.numberNode(parser.getLongValue());
      case VALUE_NUMBER_FLOAT -> NODES.numberNode(number(field));
      case VALUE_TRUE -> NODES.booleanNode(true);
      case VALUE_FALSE -> NODES.booleanNode(false);
      case VALUE_NULL -> NODES.nullNode();
      default -> throw unexpected(field, "only strings, numbers, booleans and nulls as values");
    };
  }

  void require(JsonToken token, String field, String expected) throws UndecodableUpdateException {
    if (parser.currentToken() != token) {
      throw unexpected(field, expected);
    }
  }

  private void requireNumber(String field, String expected) throws UndecodableUpdateException {
    if (!parser.currentToken().isNumeric()) {
      throw unexpected(field, expected);
    }
  }

  private UndecodableUpdateException unexpected(String field, String expected) {
    return new UndecodableUpdateException(field, "expected " + expected + ", got " + found());
  }

  private String found() {
    JsonToken token = parser.currentToken();
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      default -> "null";
    };
  }

  /** Nothing but spaces and control characters, as the schema's pattern says it. */
  static boolean isBlank(String text) {
    return text.trim().isEmpty();
  }

  /** Two values for one field: neither is more right than the other. */
  static <T> T once(String field, T before, T value) throws UndecodableUpdateException {
    if (before != null) {
      throw new UndecodableUpdateException(field, "expected one value, got more");
    }
    return value;
  }
}
