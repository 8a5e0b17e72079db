package io.modelrefresh.emulator;

import java.util.Map;

/**
 * A subscription's filter on attributes ("Filter messages from a subscription" in the Pub/Sub
 * documentation).
 */
interface Filter {

  boolean matches(Map<String, String> attributes);

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT saying where the expression is wrong
   */
  static Filter parse(String expression) {
    return expression.isBlank() ? attributes -> true : new FilterParser(expression).parse();
  }
}
