package io.modelrefresh.retraining;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelrefresh.catalog.RetrainingReason.Kind;
import io.modelrefresh.retraining.RetrainingQueue.Enqueued;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LedgerEntryTest {

  private static final Duration COOLDOWN = Duration.ofHours(6);
  private static final Instant T = Instant.parse("2026-11-22T10:00:00Z");

  @Test
  void theFirstTriggerOwesAJobAtOnceForAWindowThatBeginsWithIt() {
    LedgerEntry entry = LedgerEntry.EMPTY.with(at(T), COOLDOWN);

    assertThat(entry.owed()).map(Owed::window).contains(T);
    assertThat(entry.owed().orElseThrow().notBefore()).isBefore(T);
  }

  @Test
  void aRedeliveryAddsNothingBeforeAndAfterTheJobIsEnqueued() {
    LedgerEntry owing = LedgerEntry.EMPTY.with(at(T), COOLDOWN);
    LedgerEntry enqueued = owing.enqueued(owing, Enqueued.created());

    assertThat(owing.with(at(T), COOLDOWN)).isEqualTo(owing);
    assertThat(enqueued.with(at(T), COOLDOWN)).isEqualTo(enqueued);
    assertThat(enqueued.isCovered(at(T))).isTrue();
    assertThat(enqueued.owed()).isEmpty();
  }

  @Test
  void whatComesWithinTheCooldownIsOwedOnceForItsEnd() {
    LedgerEntry enqueued = enqueuedAt(T);

    LedgerEntry one = enqueued.with(at(T.plusSeconds(60)), COOLDOWN);
    LedgerEntry two = one.with(at(T.plusSeconds(120)), COOLDOWN);

    assertThat(one.owed()).map(Owed::window).contains(T.plus(COOLDOWN));
    assertThat(one.owed()).map(Owed::notBefore).contains(T.plus(COOLDOWN));
    assertThat(two.owed()).map(Owed::window).contains(T.plus(COOLDOWN));
  }

  @Test
  void whatAJobThatIsNotDueYetWillSurelyCoverNeedsNoRecord() {
    LedgerEntry owing = enqueuedAt(T).with(at(T.plusSeconds(60)), COOLDOWN);

    assertThat(owing.with(at(T.plusSeconds(7200)), COOLDOWN)).isEqualTo(owing);
    assertThat(owing.owedCovers(at(T.plus(COOLDOWN).minus(Owed.CLOCK_SKEW)))).isTrue();
    assertThat(owing.owedCovers(at(T.plus(COOLDOWN)))).isFalse();
  }

  @Test
  void whatComesAfterTheCooldownBeginsAWindowOfItsOwn() {
    Instant later = T.plus(COOLDOWN).plusSeconds(1);

    assertThat(enqueuedAt(T).with(at(later), COOLDOWN).owed()).map(Owed::window).contains(later);
    assertThat(enqueuedAt(T).with(at(T.plus(COOLDOWN)), COOLDOWN).owed())
        .map(Owed::window)
        .contains(T.plus(COOLDOWN));
  }

  @Test
  void whatIsDeliveredLateFallsIntoTheWindowItWasPublishedIn() {
    LedgerEntry longAgo = enqueuedAt(T);

    LedgerEntry entry = longAgo.with(at(T.plusSeconds(1)), COOLDOWN);

    assertThat(entry.owed()).map(Owed::window).contains(T.plus(COOLDOWN));
  }

  @Test
  void whatComesWhenTheOwedJobMayAlreadyBeCreatedIsOwedForTheNextWindow() {
    LedgerEntry owing = LedgerEntry.EMPTY.with(at(T), COOLDOWN);

    LedgerEntry joined = owing.with(at(T.plusSeconds(5)), COOLDOWN);
    LedgerEntry more = joined.with(at(T.plusSeconds(7)), COOLDOWN);

    assertThat(joined.owed()).isEqualTo(owing.owed());
    assertThat(joined.next()).map(Owed::window).contains(T.plus(COOLDOWN));
    assertThat(more.next()).map(Owed::newest).contains(T.plusSeconds(7));
    assertThat(joined.owedCovers(at(T.plusSeconds(7)))).isFalse();
    assertThat(more.owedCovers(at(T.plusSeconds(7)))).isTrue();
  }

  @Test
  void theNextJobIsNotDroppedForAJobThatWasCreatedBeforeSomeOfItsTriggers() {
    LedgerEntry then = LedgerEntry.EMPTY.with(at(T), COOLDOWN).with(at(T.plusSeconds(5)), COOLDOWN);
    LedgerEntry now = then.with(at(T.plusSeconds(3600)), COOLDOWN);

    LedgerEntry enqueued = now.enqueued(then, Enqueued.created());

    assertThat(enqueued.covered()).contains(T.plusSeconds(5));
    assertThat(enqueued.owed()).map(Owed::newest).contains(T.plusSeconds(3600));
  }

  @Test
  void aJobFoundToBeThereCoversOnlyWhatItWasRecordedFor() {
    LedgerEntry owing =
        LedgerEntry.EMPTY.with(at(T), COOLDOWN).with(at(T.plusSeconds(5)), COOLDOWN);

    LedgerEntry found = owing.enqueued(owing, Enqueued.duplicate());

    assertThat(found.covered()).contains(T);
    assertThat(found.owed()).isEqualTo(owing.next());
    assertThat(found.next()).isEmpty();
  }

  @Test
  void aJobCreatedAnewCoversAllThatWasRecordedBeforeAndNothingSince() {
    LedgerEntry owing =
        LedgerEntry.EMPTY.with(at(T), COOLDOWN).with(at(T.plusSeconds(5)), COOLDOWN);
    Instant since = T.plus(COOLDOWN).plusSeconds(5);

    assertThat(owing.enqueued(owing, Enqueued.created()).owed()).isEmpty();
    assertThat(owing.enqueued(owing, Enqueued.created()).covered()).contains(T.plusSeconds(5));
    LedgerEntry late = owing.with(at(since), COOLDOWN).enqueued(owing, Enqueued.created());
    assertThat(late.covered()).contains(T.plusSeconds(5));
    assertThat(late.owed()).map(Owed::newest).contains(since);
  }

  @Test
  void aJobThatCameToBeBeforeItWasDueCoversNothingPublishedSinceButAllItWasRecordedFor() {
    LedgerEntry owing = enqueuedAt(T).with(at(T.plusSeconds(60)), COOLDOWN);
    Instant early = T.plus(COOLDOWN).minusSeconds(300);

    LedgerEntry enqueued = owing.enqueued(owing, Enqueued.created().since(Optional.of(early)));
    LedgerEntry tooEarly =
        owing.enqueued(owing, Enqueued.duplicate().since(Optional.of(T.plusSeconds(1))));

    assertThat(enqueued.covered()).contains(early);
    assertThat(tooEarly.covered()).contains(T.plusSeconds(60));
    assertThat(enqueued.with(at(early.plusSeconds(1)), COOLDOWN).owed())
        .map(Owed::window)
        .contains(T.plus(COOLDOWN.multipliedBy(2)));
  }

  @Test
  void aJobThatCameToBeWhenItWasDueCoversAllThatItWasToCover() {
    LedgerEntry owing = enqueuedAt(T).with(at(T.plusSeconds(60)), COOLDOWN);

    LedgerEntry enqueued =
        owing.enqueued(owing, Enqueued.created().since(Optional.of(T.plus(COOLDOWN))));

    assertThat(enqueued.covered()).contains(T.plus(COOLDOWN).minus(Owed.CLOCK_SKEW));
  }

  @Test
  void aSecondAgentThatEnqueuedTheSameJobChangesNothing() {
    LedgerEntry owing = LedgerEntry.EMPTY.with(at(T), COOLDOWN);
    LedgerEntry enqueued = owing.enqueued(owing, Enqueued.created());

    assertThat(enqueued.enqueued(owing, Enqueued.duplicate())).isEqualTo(enqueued);
  }

  @Test
  void aNewVersionIsRecordedThoughTheJobIsAlreadyOwed() {
    LedgerEntry owing = enqueuedAt(T).with(at(T.plusSeconds(1), "view", "7"), COOLDOWN);

    LedgerEntry more =
        owing
            .with(at(T.plusSeconds(2), "view", "8"), COOLDOWN)
            .with(at(T.plusSeconds(3), "other", ""), COOLDOWN)
            .with(at(T.plusSeconds(4), "view", "6"), COOLDOWN);

    assertThat(more.owed().orElseThrow().cause().versions())
        .isEqualTo(Map.of("view", "8", "other", ""));
  }

  @Test
  void theVersionsOfACauseAreBounded() {
    LedgerEntry entry = LedgerEntry.EMPTY;

    for (int i = 0; i < 1000; i++) {
      entry = entry.with(at(T.plusSeconds(i), "view-" + i, "1"), COOLDOWN);
    }

    assertThat(entry.next().orElseThrow().cause().versions()).hasSize(Cause.MOST_VERSIONS);
    assertThat(entry.owedCovers(at(T.plusSeconds(9), "yet-another", "1"))).isTrue();
  }

  @Test
  void anEntryIsReadAsItWasWritten() {
    LedgerEntry entry =
        enqueuedAt(T)
            .with(
                new Trigger(
                    Kind.SCHEMA,
                    T.plusNanos(123_456_789),
                    new Cause(
                        "schema change of \"v\"",
                        "42",
                        Optional.of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                        Map.of("p/v", "7", "w", ""))),
                COOLDOWN)
            .with(at(T.plus(COOLDOWN).plusSeconds(1)), COOLDOWN);

    assertThat(entry.next()).isPresent();
    assertThat(LedgerCodec.decode(LedgerCodec.encode(entry))).isEqualTo(entry);
    assertThat(LedgerCodec.decode(LedgerCodec.encode(LedgerEntry.EMPTY)))
        .isEqualTo(LedgerEntry.EMPTY);
  }

  @Test
  void atTheEndOfTimeThereIsNoEntryToWhichACooldownCouldBeAdded() {
    assertThatThrownBy(() -> LedgerCodec.decode("{\"window\": \"" + Instant.MAX + "\"}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("window is no time of our days");
  }

  private static LedgerEntry enqueuedAt(Instant published) {
    LedgerEntry owing = LedgerEntry.EMPTY.with(at(published), COOLDOWN);
    return owing.enqueued(owing, Enqueued.created());
  }

  private static Trigger at(Instant published) {
    return at(published, "view", "7");
  }

  private static Trigger at(Instant published, String view, String version) {
    return new Trigger(
        Kind.SCHEMA,
        published,
        new Cause("schema change", "1", Optional.empty(), Map.of(view, version)));
  }
}
