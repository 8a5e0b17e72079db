package io.modelrefresh.retraining;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Names that follow from what is named: {@code retrain-fraud-detec-schema-2611221000-4f2a9c1b}. A
 * DNS label that begins with a letter, which a Vertex AI pipeline job's id must, too.
 */
final class JobName {

  /** What KubeRay allows a RayJob, the least of all that names are for (KubeRay 1.4). */
  static final int MAX_LENGTH = 47;

  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyMMddHHmm", Locale.ROOT).withZone(ZoneOffset.UTC);

  private JobName() {}

  /** The one job of this model, reason and window. The hash tells apart what the rest does not. */
  static String of(String model, Kind kind, Instant window) {
    String rest =
        "-" + kind.text() + "-" + MINUTE.format(window) + "-" + hash(model, kind.text(), window);
    return slug("retrain-" + model, MAX_LENGTH - rest.length()) + rest;
  }

  /** The model's name as a label value or part of a name, unique to it. */
  static String label(String model) {
    return slug(model, 50).replaceFirst("^-+", "") + "-" + hash(model);
  }

  private static String slug(String text, int maxLength) {
    String lower = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    return lower.substring(0, Math.min(lower.length(), maxLength)).replaceFirst("-+$", "");
  }

  private static String hash(Object... parts) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (Object part : parts) {
        sha256.update(part.toString().getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) 0);
      }
      return HexFormat.of().formatHex(sha256.digest(), 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
