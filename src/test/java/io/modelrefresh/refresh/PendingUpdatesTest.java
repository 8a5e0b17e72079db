package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
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

  private final PendingUpdates updates = new PendingUpdates();

  @Test
  void theOldestGoWhenTogetherTheyNameTooManyEntities() {
    FeatureUpdate newest = update(PendingUpdates.ENTITY_KEY_LIMIT / 2);

    updates.add(1, update(PendingUpdates.ENTITY_KEY_LIMIT / 2));
    updates.add(2, update(PendingUpdates.ENTITY_KEY_LIMIT / 2));
    updates.add(3, newest);

    assertThat(updates.after(0)).hasSize(2).last().isEqualTo(newest);
    assertThat(updates.completeAfter(0)).isFalse();
    assertThat(updates.completeAfter(1)).isTrue();
  }

  @Test
  void oneThatAloneNamesTooManyIsNotKeptAndThatIsSaid() {
    updates.add(1, update(PendingUpdates.ENTITY_KEY_LIMIT + 1));

    assertThat(updates.after(0)).isEmpty();
    assertThat(updates.completeAfter(0)).isFalse();
  }

  @Test
  void whatIsCoveredLeavesRoomForWhatComes() {
    updates.add(1, update(PendingUpdates.ENTITY_KEY_LIMIT));
    updates.dropUpTo(1);
    updates.add(2, update(PendingUpdates.ENTITY_KEY_LIMIT));

    assertThat(updates.after(1)).hasSize(1);
    assertThat(updates.completeAfter(1)).isTrue();
  }

  private static FeatureUpdate update(int entities) {
    List<Map<String, JsonNode>> keys =
        IntStream.range(0, entities)
            .mapToObj(i -> Map.<String, JsonNode>of("driver_id", IntNode.valueOf(i)))
            .toList();
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
