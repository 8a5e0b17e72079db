package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobNameTest {

  private static final Instant WINDOW = Instant.parse("2026-11-22T10:00:00Z");

  /** RFC 1035, which is stricter than RFC 1123. */
  private static final String LABEL = "[a-z]([a-z0-9-]*[a-z0-9])?";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fraud",
        "Fraud_Detector.V2",
        "9lives",
        "a-",
        "a..........................b",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
      })
  void aNameIsADnsLabelWhateverTheModelIsCalled(String model) {
    for (Kind kind : Kind.values()) {
      assertThat(JobName.of(model, kind, WINDOW))
          .matches(LABEL)
          .hasSizeLessThanOrEqualTo(JobName.MAX_LENGTH);
    }
    assertThat(JobName.label(model)).matches("[a-z0-9]([a-z0-9-]*[a-z0-9])?").hasSizeLessThan(64);
  }

  @Test
  void aNameFollowsFromModelReasonAndWindowAndTellsThemApart() {
    Set<String> names = new HashSet<>();
    int count = 0;
    for (String model :
        new String[] {"fraud", "Fraud", "fraud.", "fraud-detector-a", "fraud-detector-b"}) {
      for (Kind kind : Kind.values()) {
        for (int nanos = 0; nanos < 3; nanos++) {
          Instant window = WINDOW.plusNanos(nanos);
          names.add(JobName.of(model, kind, window));
          assertThat(JobName.of(model, kind, window)).isEqualTo(JobName.of(model, kind, window));
          count++;
        }
      }
    }

    assertThat(names).hasSize(count);
  }

  @Test
  void aPersonReadsTheModelTheReasonAndTheTimeInIt() {
    assertThat(JobName.of("fraud", Kind.SCHEMA, WINDOW))
        .startsWith("retrain-fraud-schema-2611221000-");
  }
}
