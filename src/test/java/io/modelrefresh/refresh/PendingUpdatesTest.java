package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.modelrefresh.update.Change;
import io.modelrefresh.update.FeatureUpdate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is kept of updates that are still owed, however large they are. */
class PendingUpdatesTest {

  /** About as many keys as there is room for; each of them has a name and a number besides. */
  private static final int MOST = PendingUpdates.SIZE_LIMIT / (PendingUpdates.KEY_SIZE + 20);

  private final UpdateRoom room = new UpdateRoom(3L * PendingUpdates.SIZE_LIMIT / 2);
  private final PendingUpdates updates = new PendingUpdates(room);

  @Test
  void theOldestGoWhenTogetherTheyNameTooManyEntities() {
    FeatureUpdate newest = update(MOST / 2);

    updates.add(1, update(MOST / 2));
    updates.add(2, update(MOST / 2));
    updates.add(3, newest);

    assertThat(updates.after(0)).hasSize(2).last().isEqualTo(newest);
    assertThat(updates.completeAfter(0)).isFalse();
    assertThat(updates.completeAfter(1)).isTrue();
  }

  @Test
  void oneThatAloneNamesTooManyIsNotKeptAndThatIsSaid() {
    updates.add(1, update(2 * MOST));

    assertThat(updates.after(0)).isEmpty();
    assertThat(updates.completeAfter(0)).isFalse();
  }

  @Test
  void oneEntityOfALongNameCountsByItsLength() {
    updates.add(1, of(List.of(Map.of("url", new TextNode("x".repeat(1_500_000))))));
    updates.add(2, of(List.of(Map.of("url", new TextNode("y".repeat(1_500_000))))));

    assertThat(updates.after(0)).hasSize(1);
    assertThat(updates.completeAfter(0)).isFalse();
    assertThat(updates.completeAfter(1)).isTrue();
  }

  @Test
  void whatIsCoveredLeavesRoomForWhatComes() {
    updates.add(1, update(MOST));
    updates.dropUpTo(1);
    updates.add(2, update(MOST));

    assertThat(updates.after(1)).hasSize(1);
    assertThat(updates.completeAfter(1)).isTrue();
  }

  @Test
  void whatAnotherLaneKeepsLeavesLessRoomUntilItIsCoveredThere() {
    PendingUpdates others = new PendingUpdates(room);
    others.add(1, update(MOST));

    updates.add(2, update(MOST / 3));
    updates.add(3, update(MOST / 3));
    assertThat(updates.after(0)).hasSize(1);
    assertThat(updates.completeAfter(0)).isFalse();
    assertThat(others.completeAfter(0)).isTrue();

    others.dropUpTo(1);
    updates.add(4, update(MOST / 3));
    assertThat(updates.after(0)).hasSize(2);
    assertThat(updates.completeAfter(2)).isTrue();
  }

  @Test
  void whatNamesNoEntityIsKeptWhereThereIsNoRoom() {
    new PendingUpdates(room).add(1, update(MOST));
    new PendingUpdates(room).add(2, update(MOST / 2));

    updates.add(3, update(0));

    assertThat(updates.after(0)).hasSize(1);
    assertThat(updates.completeAfter(0)).isTrue();
  }

  private static FeatureUpdate update(int entities) {
    List<Map<String, JsonNode>> keys =
        IntStream.range(0, entities)
            .mapToObj(i -> Map.<String, JsonNode>of("driver_id", IntNode.valueOf(i)))
            .toList();
    return of(keys);
  }

  private static FeatureUpdate of(List<Map<String, JsonNode>> keys) {
    return new FeatureUpdate(
        Optional.empty(),
        "stats",
        OptionalLong.empty(),
        Set.of(),
        keys,
        Instant.EPOCH,
        Change.VALUES,
        OptionalLong.empty(),
        Optional.empty());
  }
}
