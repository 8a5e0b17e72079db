package io.modelrefresh.emulator;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The embedded emulator behaves as the real service does, without exception. */
class EmbeddedConformanceTest extends GoogleClientScenarios {

  private static EmbeddedPubSub emulator;

  @BeforeAll
  static void start() {
    emulator = EmbeddedPubSub.start();
  }

  @AfterAll
  static void stop() {
    emulator.close();
  }

  @Override
  String address() {
    return emulator.address();
  }
}
