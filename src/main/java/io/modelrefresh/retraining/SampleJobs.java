package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Jobs that templates are tried with before there is one. */
final class SampleJobs {

  private static final Instant WINDOW = Instant.parse("2020-01-01T00:00:00Z");

  /** Whatever could mean something to JSON, YAML or a URL. */
  private static final String HOSTILE = "x\", y: ['z', &a *b] {c: d} #e %f @g `h` | > - ? !!i , \\";

  private SampleJobs() {}

  /** One without anything optional, and one with all of it, each of harmless words. */
  static List<RetrainingJob> harmless(String model) {
    return List.of(
        job(model, "sample", Optional.empty(), Map.of()), full(model, "sample", "sample"));
  }

  /** The last of {@link #harmless}, as a malicious publisher would have it. */
  static RetrainingJob hostile(String model) {
    return full(model, HOSTILE, "view " + HOSTILE);
  }

  private static RetrainingJob full(String model, String text, String view) {
    return job(
        model,
        text,
        Optional.of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        Map.of(view, "7"));
  }

  private static RetrainingJob job(
      String model, String text, Optional<String> traceparent, Map<String, String> versions) {
    return RetrainingJob.of(
        model,
        Kind.SCHEMA,
        new Owed(WINDOW, WINDOW, WINDOW, new Cause(text, text, traceparent, versions)));
  }
}
