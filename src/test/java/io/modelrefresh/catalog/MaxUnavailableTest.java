package io.modelrefresh.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaxUnavailableTest {

  @ParameterizedTest(name = "{0} of {1} replicas are {2}")
  @CsvSource({
    "1,    5,          1",
    "3,    5,          3",
    "3,    2,          2",
    "25%,  8,          2",
    "25%,  7,          1",
    "25%,  3,          1",
    "34%,  3,          1",
    "67%,  3,          2",
    "99%,  100,        99",
    "99%,  3,          2",
    "100%, 3,          3",
    "100%, 2147483647, 2147483647",
    "1%,   99,         1",
  })
  void aPercentageIsRoundedDown(String configured, int replicas, int expected) {
    assertThat(MaxUnavailable.parse(configured).of(replicas)).isEqualTo(expected);
  }

  @Test
  void ofAnySetItIsAtLeastOneReplicaAndNeverMoreThanThereAre() {
    for (int amount = 1; amount <= 100; amount++) {
      for (boolean percent : new boolean[] {false, true}) {
        MaxUnavailable most = new MaxUnavailable(amount, percent);
        assertThat(IntStream.rangeClosed(1, 200))
            .as("%s", most)
            .allSatisfy(replicas -> assertThat(most.of(replicas)).isBetween(1, replicas));
      }
    }
  }

  @Test
  void ofAnEmptySetItIsOneForReplicasThatAppearMeanwhile() {
    assertThat(MaxUnavailable.parse("1").of(0)).isEqualTo(1);
    assertThat(MaxUnavailable.parse("50%").of(0)).isEqualTo(1);
  }
}
