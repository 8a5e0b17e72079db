package io.modelrefresh.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTest {

  private static final Map<String, String> ATTRIBUTES =
      Map.of(
          "view",
          "users",
          "empty",
          "",
          "iana.org/language",
          "de",
          "quoted",
          "a\"b\\c",
          "_x-1",
          "y");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "attributes:view | true",
        "attributes:empty | true",
        "attributes:absent | false",
        "attributes:\"iana.org/language\" | true",
        "attributes:_x-1 | true",
        "attributes.view = \"users\" | true",
        "attributes.view=\"users\" | true",
        "attributes.view = \"Users\" | false",
        "attributes.\"iana.org/language\" = \"de\" | true",
        "attributes.quoted = \"a\\\"b\\\\c\" | true",
        "attributes.view = \"\\x75sers\" | true",
        "attributes.view = \"\\u0075sers\" | true",
        "attributes.view = \"\\165sers\" | true",
        "attributes.view != \"users\" | false",
        "attributes.view != \"items\" | true",
        "attributes.absent != \"items\" | true",
        "hasPrefix(attributes.view, \"us\") | true",
        "hasPrefix(attributes.view, \"\") | true",
        "hasPrefix(attributes.view, \"items\") | false",
        "hasPrefix(attributes.absent, \"\") | false",
        "NOT attributes:view | false",
        "-attributes:view | false",
        "NOT NOT attributes:view | true",
        "attributes:view AND attributes:empty | true",
        "attributes:view AND attributes:absent | false",
        "attributes:absent OR attributes:view | true",
        "attributes:absent OR attributes:missing OR attributes:view | true",
        "NOT attributes:absent AND attributes:view | true",
        "NOT (attributes:absent OR attributes:view) | false",
        "(attributes:view AND attributes:absent) OR attributes:empty | true",
        "attributes:absent AND (attributes:absent OR attributes:view) | false",
        "`` | true",
      })
  void selectsByAttributes(String expression, boolean matches) {
    assertThat(Filter.parse(expression).matches(ATTRIBUTES)).isEqualTo(matches);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "view",
        "attributes",
        "attributes.view",
        "attributes.view = users",
        "attributes.view > \"users\"",
        "attributes.view = \"users",
        "attributes.view = \"\\q\"",
        "attributes:",
        "attributes:iana.org/language",
        "data = \"x\"",
        "hasPrefix(attributes.view)",
        "hasSuffix(attributes.view, \"s\")",
        "(attributes:view",
        "attributes:view)",
        "attributes:view AND",
        "attributes:view attributes:empty",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a OR attributes:b AND attributes:c",
        "attributes:view and attributes:empty",
        "!attributes:view",
      })
  void refusesWhatItCannotRead(String expression) {
    assertThatThrownBy(() -> Filter.parse(expression))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refusal ->
                assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT))
        .hasMessageContaining(expression);
  }
}
