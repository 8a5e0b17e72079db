package io.modelrefresh.retraining;

import io.modelrefresh.request.Excerpt;
import io.modelrefresh.update.FeatureUpdate;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What led to a retraining job. All text comes from events, so it is made short and printable here,
 * once: nothing later has to fear it.
 *
 * @param detail what the first update that led to it said, for a person
 * @param messageId the message that brought that update
 * @param traceparent the trace it belongs to, as W3C Trace Context writes it
 * @param versions the feature views that led to it, {@code project/view} or {@code view}, each with
 *     the newest version heard of; an unknown version is empty text
 */
public record Cause(
    String detail, String messageId, Optional<String> traceparent, Map<String, String> versions) {

  /** A ledger is read and written whole, so what it holds is bounded. */
  static final int MOST_VERSIONS = 50;

  private static final Pattern UNPRINTABLE =
      Pattern.compile("[^\\x20-\\x7E\\xA0-\\uD7FF\\uE000-\\uFFFD]");
  private static final Pattern TRACEPARENT =
      Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

  public Cause {
    detail = printable(detail);
    messageId = printable(messageId);
    traceparent = traceparent.filter(text -> TRACEPARENT.matcher(text).matches());
    versions = Collections.unmodifiableMap(new TreeMap<>(versions));
  }

  /** One update as the cause. */
  public static Cause of(
      String detail, String messageId, Optional<String> traceparent, FeatureUpdate update) {
    String view = update.project().map(project -> project + "/").orElse("") + update.featureView();
    String version =
        update.featureViewVersion().isPresent()
            ? Long.toString(update.featureViewVersion().getAsLong())
            : "";
    return new Cause(detail, messageId, traceparent, Map.of(printable(view), version));
  }

  /** This cause, and the feature views of one that came later. */
  Cause and(Cause later) {
    Map<String, String> merged = new TreeMap<>(versions);
    later.versions.forEach(
        (view, version) -> {
          if (merged.containsKey(view) || merged.size() < MOST_VERSIONS) {
            merged.merge(view, version, Cause::newer);
          }
        });
    return new Cause(detail, messageId, traceparent, merged);
  }

  /** Whether {@link #and} would add nothing. */
  boolean says(Cause later) {
    return and(later).versions.equals(versions);
  }

  private static String newer(String one, String other) {
    return number(one) >= number(other) ? one : other;
  }

  private static long number(String version) {
    return version.isEmpty() ? Long.MIN_VALUE : Long.parseLong(version);
  }

  private static String printable(String text) {
    return UNPRINTABLE.matcher(Excerpt.of(text)).replaceAll("?");
  }
}
