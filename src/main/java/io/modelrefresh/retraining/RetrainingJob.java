package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One request to retrain a model. Its name follows from model, reason and window, so enqueueing it
 * again finds the first.
 *
 * @param window the start of the window it is the only job of
 * @param notBefore when it may start; only outside Kubernetes is a job enqueued sooner
 * @param newest the newest publish time among the updates that led to it
 */
public record RetrainingJob(
    String name,
    String model,
    Kind kind,
    Instant window,
    Instant notBefore,
    Instant newest,
    Cause cause) {

  static RetrainingJob of(String model, Kind kind, Owed owed) {
    return new RetrainingJob(
        JobName.of(model, kind, owed.window()),
        model,
        kind,
        owed.window(),
        owed.notBefore(),
        owed.newest(),
        owed.cause());
  }

  /** As templates and receivers know it; every field is always there. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", name);
    fields.put("model", model);
    fields.put("reason", kind.text());
    fields.put("detail", cause.detail());
    fields.put("window", window.toString());
    fields.put("not_before", notBefore.toString());
    fields.put("publish_time", newest.toString());
    fields.put("message_id", cause.messageId());
    fields.put("traceparent", cause.traceparent().orElse(""));
    fields.put("feature_views", cause.versions().entrySet().stream().map(this::view).toList());
    return fields;
  }

  private Map<String, Object> view(Map.Entry<String, String> version) {
    return Map.of("feature_view", version.getKey(), "feature_view_version", version.getValue());
  }

  /** What a template is rendered with. */
  Map<String, Object> variables() {
    return Map.of("job", fields());
  }

  /** The feature views that led to it, one by one, for a line of text. */
  List<String> versionTexts() {
    return cause.versions().entrySet().stream()
        .map(
            view ->
                view.getValue().isEmpty() ? view.getKey() : view.getKey() + "@" + view.getValue())
        .toList();
  }
}
