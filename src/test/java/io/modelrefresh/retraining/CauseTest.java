package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CauseTest {

  private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  @Test
  void aTraceOfTheW3cFormIsKept() {
    assertThat(cause("schema", TRACE).traceparent()).contains(TRACE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nkind: Secret"
      })
  void whatAPublisherSentThatIsNoTraceIsLeftOut(String sent) {
    assertThat(cause("schema", sent).traceparent()).isEmpty();
  }

  @Test
  void whatCannotBePrintedIsReplaced() {
    assertThat(cause("a\nb\u0007c", TRACE).detail()).doesNotContain("\n", "\u0007");
  }

  @Test
  void ofEachFeatureViewTheNewestVersionIsKept() {
    Cause first = new Cause("one", "m1", Optional.empty(), Map.of("stats", "7", "cards", ""));
    Cause later = new Cause("two", "m2", Optional.empty(), Map.of("stats", "6", "cards", "2"));

    assertThat(first.and(later).versions()).isEqualTo(Map.of("stats", "7", "cards", "2"));
    assertThat(first.and(later).messageId()).isEqualTo("m1");
  }

  private static Cause cause(String detail, String traceparent) {
    return new Cause(detail, "m1", Optional.of(traceparent), Map.of());
  }
}
