package io.modelrefresh.retraining;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What the agent writes on the Kubernetes objects it makes, and knows them by. */
final class Labels {

  static final String PREFIX = "model-refresh.io/";

  static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  static final String AGENT = "model-refresh-agent";

  /** As a label the name made fit for one, as an annotation the name itself. */
  static final String MODEL = PREFIX + "model";

  static final String REASON = PREFIX + "reason";
  static final String WINDOW = PREFIX + "window";

  /** To the nanosecond, of characters a label value may have. */
  private static final DateTimeFormatter WINDOW_FORMAT =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.nnnnnnnnn'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private Labels() {}

  /** By which an object of the job's name is known to be this very job. */
  static Map<String, String> of(RetrainingJob job) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(MANAGED_BY, AGENT);
    labels.put(MODEL, JobName.label(job.model()));
    labels.put(REASON, job.kind().text());
    labels.put(WINDOW, window(job.window()));
    return labels;
  }

  private static String window(Instant window) {
    return WINDOW_FORMAT.format(window);
  }

  /** What led to the job, for people and for the job itself. */
  static Map<String, String> annotations(RetrainingJob job) {
    Map<String, String> annotations = new LinkedHashMap<>();
    annotations.put(MODEL, job.model());
    annotations.put(PREFIX + "detail", job.cause().detail());
    annotations.put(PREFIX + "window", job.window().toString());
    annotations.put(PREFIX + "publish-time", job.newest().toString());
    annotations.put(PREFIX + "message-id", job.cause().messageId());
    annotations.put(PREFIX + "feature-views", String.join(",", job.versionTexts()));
    job.cause().traceparent().ifPresent(trace -> annotations.put(PREFIX + "traceparent", trace));
    return annotations;
  }
}
