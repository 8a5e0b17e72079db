package io.modelrefresh.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** The same scenarios hold for Google's official emulator, but for its documented gaps. */
class OfficialConformanceTest extends GoogleClientScenarios {

  private static OfficialEmulator emulator;

  @BeforeAll
  static void start() throws IOException {
    Optional<Path> jar = OfficialEmulator.jar();
    if (jar.isPresent()) {
      emulator = OfficialEmulator.start(jar.get());
    } else {
      Logger.getLogger(OfficialConformanceTest.class).warn(OfficialEmulator.ABSENT);
    }
  }

  @AfterAll
  static void stop() {
    if (emulator != null) {
      emulator.close();
    }
  }

  @BeforeEach
  void skipDocumentedGaps(TestInfo scenario) {
    var gap = scenario.getTestMethod().orElseThrow().getAnnotation(DocumentedGap.class);
    assumeTrue(gap == null, () -> "Documented gap of the official emulator: " + gap.value());
  }

  @Override
  String address() {
    assumeTrue(emulator != null, OfficialEmulator.ABSENT);
    return emulator.address();
  }
}
