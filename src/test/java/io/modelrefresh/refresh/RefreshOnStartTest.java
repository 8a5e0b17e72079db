package io.modelrefresh.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.serving.ObservedWatermark;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a model owes when the agent starts, by what its replicas can tell. */
class RefreshOnStartTest extends LaneScenario {

  private static ObservedWatermark covers(Instant watermark) {
    return new ObservedWatermark.Known(watermark, "an-earlier-agent-1");
  }

  @Test
  void replicasThatCannotTellAreLoadedOnce() {
    servers.with(1, 2);

    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(MAX_WAIT);

    assertThat(servers.loadsOf(1)).isEqualTo(1);
    assertThat(servers.loadsOf(2)).isEqualTo(1);
  }

  @Test
  void replicasThatTellThatTheyCoverTheSameAreLeftAlone() {
    servers.with(1, 2);
    servers.says(1, covers(time.instant()));
    servers.says(2, covers(time.instant()));

    Lanes lanes = lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(MAX_WAIT);

    assertThat(servers.loads).isEmpty();
    assertThat(status(lanes).pending()).isEmpty();
    assertThat(status(lanes).desiredWatermark()).contains(time.instant().minus(MAX_WAIT));
  }

  @Test
  void aReplicaThatTellsThatItHasLoadedNothingIsLoadedAlone() {
    servers.with(1, 2);
    servers.says(1, covers(time.instant()));
    servers.says(2, new ObservedWatermark.Nothing());

    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(MAX_WAIT);

    assertThat(servers.loadsOf(1)).isZero();
    assertThat(servers.loadsOf(2)).isEqualTo(1);
  }

  @Test
  void aReplicaThatCoversLessThanAnotherIsLoadedAlone() {
    servers.with(1, 2);
    servers.says(1, covers(time.instant()));
    servers.says(2, covers(time.instant().minusSeconds(1)));

    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(MAX_WAIT);

    assertThat(servers.loadsOf(1)).isZero();
    assertThat(servers.loadsOf(2)).isEqualTo(1);
  }

  @Test
  void aWatermarkFromTheFutureIsNotBelieved() {
    servers.with(1);
    servers.says(1, covers(time.instant().plus(Duration.ofDays(1))));

    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(MAX_WAIT);

    assertThat(servers.loadsOf(1)).isEqualTo(1);
  }

  @Test
  void whatIsCoveredSinceBeforeTheStartIsSupersededAndWhatCameLaterIsLoaded() {
    servers.with(1);
    Instant covered = time.instant();
    servers.says(1, covers(covered));
    Lanes lanes = lanes(model(1, OnStart.IF_UNKNOWN));

    String before = publish(lanes, "stats", covered.minusSeconds(2));
    assertThat(settled.get(before)).containsExactly("ack");
    assertThat(servers.loads).isEmpty();

    String after = publish(lanes, "stats", covered.plusSeconds(2));
    assertThat(settled).doesNotContainKey(after);
    time.advance(MAX_WAIT);
    assertThat(settled.get(after)).containsExactly("ack");
    assertThat(servers.loads).hasSize(1);
  }

  @Test
  void aLoadOnStartMarksNoReplicaWithLessThanItHad() {
    Instant covered = time.instant();
    servers.with(1, 2);
    servers.says(1, covers(covered));
    servers.says(2, new ObservedWatermark.Nothing());

    Lanes lanes = lanes(model(1, OnStart.ALWAYS));
    time.advance(MAX_WAIT);

    assertThat(servers.loads)
        .hasSize(2)
        .allMatch(load -> load.request().watermark().equals(Optional.of(covered)));
    assertThat(status(lanes).pending()).isEmpty();
  }

  @Test
  void replicasThatAreFoundLaterAreAskedThen() {
    servers.with(1).unknown("no DNS");
    servers.says(1, covers(time.instant()));
    lanes(model(1, OnStart.IF_UNKNOWN));
    time.advance(Duration.ofSeconds(10));

    servers.known();
    time.advance(RESYNC.multipliedBy(2));

    assertThat(servers.loads).isEmpty();
  }

  @Test
  void askingForARefreshLoadsReplicasThatCoverEverything() {
    servers.with(1);
    servers.says(1, covers(time.instant()));
    Lanes lanes = lanes(model(1, OnStart.IF_UNKNOWN));

    lanes.refresh("fraud");
    time.advance(MAX_WAIT);

    assertThat(servers.loads).hasSize(1);
  }
}
