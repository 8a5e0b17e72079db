package io.modelrefresh.update;

import com.ethlo.time.ITU;
import com.ethlo.time.LeapSecondException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;

/** Timestamps as CloudEvents and JSON Schema write them. */
final class Rfc3339 {

  private Rfc3339() {}

  static Instant parse(String field, String text) throws UndecodableUpdateException {
    try {
      return ITU.parseDateTime(text).toInstant();
    } catch (LeapSecondException e) {
      // A real moment, which Java's calendar does not have: the nearest it has.
      OffsetDateTime nearest = e.getNearestDateTime();
      return nearest.toInstant();
    } catch (DateTimeException e) {
      throw new UndecodableUpdateException(
          field, "expected an RFC 3339 timestamp such as 2026-11-22T10:00:00Z");
    }
  }
}
