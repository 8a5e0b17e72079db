package io.modelrefresh.retraining;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.modelrefresh.catalog.RetrainingReason.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** A ledger's entry as anyone may have left it in the ConfigMap. */
class LedgerFuzzTest {

  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final Trigger TRIGGER =
      new Trigger(
          Kind.SCHEMA,
          NOW,
          new Cause("schema change", "1", Optional.empty(), Map.of("users", "7")));

  @FuzzTest
  void anyEntryCanBeGoneOnWithOrIsRefused(byte[] text) {
    LedgerEntry entry;
    try {
      entry = LedgerCodec.decode(new String(text, UTF_8));
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
      return;
    }
    assertThat(LedgerCodec.decode(LedgerCodec.encode(entry))).isEqualTo(entry);

    LedgerEntry later = entry.with(TRIGGER, Duration.ofHours(6));

    assertThat(later.isCovered(TRIGGER) || later.owedCovers(TRIGGER)).isTrue();
    later.owed().ifPresent(owed -> canBeEnqueued(later, owed));
  }

  private static void canBeEnqueued(LedgerEntry entry, Owed owed) {
    RetrainingJob job = RetrainingJob.of("fraud", Kind.SCHEMA, owed);
    assertThat(job.name()).matches("[a-z][a-z0-9-]*[a-z0-9]").hasSizeLessThanOrEqualTo(47);
    assertThat(Labels.of(job).values())
        .allMatch(label -> label.matches("[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"));
    assertThat(entry.enqueued(entry, RetrainingQueue.Enqueued.created()).owed())
        .isNotEqualTo(Optional.of(owed));
  }
}
