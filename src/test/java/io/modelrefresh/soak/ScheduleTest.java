package io.modelrefresh.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelrefresh.soak.Fault.Kind;
import io.modelrefresh.soak.Fault.Scope;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A seed is a schedule, and another seed another one. */
class ScheduleTest {

  private static final Duration LENGTH = Duration.ofMinutes(3);

  private static final List<Schedule> MANY =
      LongStream.range(0, 200).mapToObj(seed -> Schedule.of(seed, LENGTH)).toList();

  @Test
  void theSameSeedIsTheSameSchedule() {
    assertThat(Schedule.of(42, LENGTH)).isEqualTo(Schedule.of(42, LENGTH));
  }

  @Test
  void seedsNearEachOtherAreNotAlike() {
    for (int i = 0; i + 20 <= MANY.size(); i++) {
      assertThat(MANY.subList(i, i + 20)).extracting(Schedule::lease).contains(true, false);
    }
  }

  @Test
  void everyKindOfFaultComesUp() {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    MANY.forEach(schedule -> schedule.faults().forEach(fault -> kinds.add(fault.kind())));

    assertThat(kinds).containsExactly(Kind.values());
  }

  @Test
  void whatBeginsEndsWithinTheSchedule() {
    assertThat(MANY)
        .allSatisfy(
            schedule ->
                assertThat(schedule.faults())
                    .allMatch(fault -> fault.until().compareTo(LENGTH) <= 0));
  }

  @Test
  void theSurvivorIsNeitherKilledNorToldToStop() {
    assertThat(MANY)
        .filteredOn(Schedule::survivor)
        .isNotEmpty()
        .allSatisfy(
            schedule ->
                assertThat(schedule.faults())
                    .filteredOn(fault -> fault.target() == 0)
                    .extracting(Fault::kind)
                    .doesNotContain(Kind.KILL_AGENT, Kind.TERMINATE_AGENT));
  }

  @Test
  void twoFaultsOfOneAgentDoNotOverlap() {
    for (Schedule schedule : MANY) {
      for (int agent = 0; agent < schedule.agents(); agent++) {
        Duration free = Duration.ZERO;
        for (Fault fault : schedule.faults()) {
          if (fault.kind().scope == Scope.AGENT && fault.target() == agent) {
            assertThat(fault.at()).isGreaterThanOrEqualTo(free);
            free = fault.until();
          }
        }
      }
    }
  }
}
