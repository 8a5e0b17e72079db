package io.modelrefresh.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.refresh.RefreshListener.Outcome;
import io.modelrefresh.refresh.RefreshListener.RolloutReport;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is remembered of refreshes, and that it has an end. */
class RefreshHistoryTest {

  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  private final RefreshHistory history = new RefreshHistory();

  private static RolloutReport report(String model) {
    return new RolloutReport(
        model,
        Outcome.SUCCESS,
        Duration.ofMillis(300),
        NOON,
        Optional.of(NOON.minusSeconds(2)),
        Optional.of(NOON.minusSeconds(60)),
        0,
        "");
  }

  private List<Refresh> all() {
    return history.after(0, Integer.MAX_VALUE);
  }

  @Test
  void aRefreshIsRememberedWithItsPropagationAndFreshness() {
    history.rolledOut(report("fraud"));

    assertThat(all())
        .containsExactly(
            new Refresh(
                1,
                "fraud",
                "success",
                NOON,
                Duration.ofMillis(300),
                Optional.of(Duration.ofSeconds(2)),
                Optional.of(Duration.ofMinutes(1)),
                0,
                ""));
  }

  @Test
  void aPublisherWhoseClockIsAheadMakesNoNegativePropagation() {
    history.rolledOut(
        new RolloutReport(
            "fraud",
            Outcome.SUCCESS,
            Duration.ZERO,
            NOON,
            Optional.of(NOON.plusSeconds(5)),
            Optional.empty(),
            0,
            ""));

    assertThat(all().get(0).propagation()).contains(Duration.ZERO);
    assertThat(all().get(0).freshness()).isEmpty();
  }

  @Test
  void aModelThatIsRefreshedAllTheTimePushesOutNoOthers() {
    history.rolledOut(report("quiet"));

    for (int i = 0; i < 3 * RefreshHistory.OF_A_MODEL; i++) {
      history.rolledOut(report("busy"));
    }

    assertThat(all()).filteredOn(refresh -> refresh.model().equals("quiet")).hasSize(1);
    assertThat(all())
        .filteredOn(refresh -> refresh.model().equals("busy"))
        .hasSize(RefreshHistory.OF_A_MODEL);
    assertThat(all().get(RefreshHistory.OF_A_MODEL).sequence())
        .as("the newest is kept")
        .isEqualTo(1 + 3 * RefreshHistory.OF_A_MODEL);
  }

  @Test
  void theHistoryOfManyModelsIsBoundedByTheirNewestRefreshes() {
    int models = RefreshHistory.IN_ALL + 500;

    for (int i = 0; i < models; i++) {
      history.rolledOut(report("model-" + i));
    }

    assertThat(all()).hasSize(RefreshHistory.IN_ALL);
    assertThat(all().get(0).model()).isEqualTo("model-500");
    history.rolledOut(report("model-0"));
    assertThat(all()).hasSize(RefreshHistory.IN_ALL);
  }

  @Test
  void aModelTheCatalogHasNoLongerIsForgotten() {
    history.rolledOut(report("gone"));
    history.rolledOut(report("kept"));

    history.forgets("gone");

    assertThat(all()).extracting(Refresh::model).containsExactly("kept");
  }

  @Test
  void whoSawSomeIsToldThoseAfterInOrderAndNoMoreThanAskedFor() {
    for (int i = 0; i < 5; i++) {
      history.rolledOut(report("fraud"));
    }

    assertThat(history.after(2, 2)).extracting(Refresh::sequence).containsExactly(3L, 4L);
    assertThat(history.after(5, 2)).isEmpty();
  }
}
