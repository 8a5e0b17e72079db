package io.modelrefresh.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.agent.ModelView;
import io.modelrefresh.page.ModelBoard.Changes;
import io.modelrefresh.page.ModelBoard.Seen;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who looks at the board is told what changed since, and costs no more than that. */
class ModelBoardTest {

  private static final int ALL = Integer.MAX_VALUE;

  private final Map<String, ModelView> models = new TreeMap<>();
  private final Time time = new Time();
  private int looks;
  private final ModelBoard board =
      new ModelBoard(
          () -> {
            looks++;
            return List.copyOf(models.values());
          },
          time);

  private static final class Time extends Clock {
    private Instant now = Instant.parse("2026-11-22T12:00:00Z");

    void pass() {
      now = now.plus(ModelBoard.INTERVAL);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private void model(String name, String state, List<String> pending) {
    models.put(
        name,
        new ModelView(
            name,
            state,
            Optional.empty(),
            List.of(),
            pending,
            Optional.empty(),
            0,
            0,
            false,
            Optional.empty(),
            Optional.of(Duration.ofSeconds(5)),
            List.of()));
  }

  private static List<String> names(Changes changes) {
    return changes.models().stream().map(ModelView::model).toList();
  }

  @Test
  void onlyTheModelThatChangedIsToldAgain() {
    model("a", "idle", List.of());
    model("b", "idle", List.of());
    Changes first = board.since(Seen.NOTHING, ALL);
    assertThat(names(first)).containsExactly("a", "b");

    model("b", "waiting", List.of());
    time.pass();
    Changes second = board.since(first.seen(), ALL);

    assertThat(second.models()).containsExactly(models.get("b"));
    time.pass();
    assertThat(board.since(second.seen(), ALL).models()).isEmpty();
  }

  @Test
  void whoReadsSlowlyIsToldHowAModelIsNowOnceHoweverOftenItChanged() {
    model("a", "idle", List.of());
    Seen seen = board.since(Seen.NOTHING, ALL).seen();

    for (String state : List.of("waiting", "rolling_out", "idle", "waiting")) {
      model("a", state, List.of());
      time.pass();
      board.since(Seen.NOTHING, ALL);
    }

    assertThat(board.since(seen, ALL).models()).containsExactly(models.get("a"));
  }

  @Test
  void manyModelsAreToldInPartsThatTogetherAreAll() {
    IntStream.range(0, 250).forEach(i -> model("m%03d".formatted(i), "idle", List.of()));

    Changes first = board.since(Seen.NOTHING, 100);
    Changes second = board.since(first.seen(), 100);
    Changes third = board.since(second.seen(), 100);

    assertThat(List.of(first.more(), second.more(), third.more()))
        .containsExactly(true, true, false);
    assertThat(names(first)).hasSize(100).doesNotContainAnyElementsOf(names(second));
    assertThat(names(third)).hasSize(50).contains("m249");
  }

  @Test
  void modelsAreLookedAtOnceAnIntervalHoweverManyAsk() {
    model("a", "idle", List.of());

    IntStream.range(0, 100).forEach(i -> board.since(Seen.NOTHING, ALL));
    assertThat(looks).isEqualTo(1);

    time.pass();
    IntStream.range(0, 100).forEach(i -> board.since(Seen.NOTHING, ALL));
    assertThat(looks).isEqualTo(2);
  }

  @Test
  void onceAModelIsGoneEverybodyIsToldAllThereIs() {
    model("a", "idle", List.of());
    model("gone", "idle", List.of());
    Changes before = board.since(Seen.NOTHING, ALL);

    models.remove("gone");
    time.pass();
    Changes after = board.since(before.seen(), ALL);

    assertThat(after.seen().generation()).isNotEqualTo(before.seen().generation());
    assertThat(names(after)).containsExactly("a");
  }

  @Test
  void aModelThatOwesForManyReasonsIsToldWithTheFirstAndHowManyThereAreBesides() {
    model("a", "backing_off", IntStream.range(0, 5_000).mapToObj(i -> "reason " + i).toList());

    List<String> pending = board.since(Seen.NOTHING, ALL).models().get(0).pending();

    assertThat(pending).hasSize(11).contains("reason 0", "reason 9", "and for 4990 more reasons");
  }
}
