package io.modelrefresh.pubsub;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeaseExtensionTest {

  private static final Duration LEASE = Duration.ofMillis(Deliveries.LEASE_MILLIS);

  private final SettableClock clock = new SettableClock(Instant.EPOCH);
  private final OutstandingMessages outstanding = new OutstandingMessages(2, 1_000);
  private final Deliveries deliveries = new Deliveries();
  private final List<String> extended = new ArrayList<>();
  private final LeaseExtension extension =
      new LeaseExtension(
          outstanding,
          new LeaseSettings(LEASE, Duration.ofSeconds(200)),
          clock,
          (ackIds, lease) -> extended.add(String.join(",", ackIds) + " " + lease.toSeconds()));

  @Test
  void what_is_settled_within_half_of_its_lease_is_never_extended() {
    var soon = received("soon");
    after(29);
    outstanding.remove(soon);

    after(100);

    assertThat(extended).isEmpty();
  }

  @Test
  void what_is_held_is_extended_at_half_of_each_lease() {
    received("held");

    after(29);
    assertThat(extended).isEmpty();
    after(1);
    assertThat(extended).containsExactly("held 60");
    after(29);
    after(1);

    assertThat(extended).containsExactly("held 60", "held 60");
  }

  @Test
  void the_last_extension_ends_with_max_ack_extension() {
    received("held");
    for (var i = 0; i < 6; i++) {
      after(30);
    }

    assertThat(extended).containsExactly("held 60", "held 60", "held 60", "held 60", "held 50");
  }

  @Test
  void what_may_not_be_extended_any_more_gives_back_its_permit_and_stays_held() {
    received("one");
    received("two");
    assertThat(outstanding.hasRoom()).isFalse();

    after(200);

    assertThat(outstanding.hasRoom()).isTrue();
    assertThat(outstanding.count()).isEqualTo(2);
  }

  @Test
  void settling_what_has_lapsed_gives_back_no_second_permit() {
    var lapsed = received("lapsed");
    after(200);
    outstanding.remove(lapsed);
    received("one");
    received("two");

    assertThat(outstanding.hasRoom()).isFalse();
  }

  private Delivery received(String id) {
    var delivery = deliveries.delivery(id, "", clock.millis());
    outstanding.addAll(List.of(delivery));
    return delivery;
  }

  private void after(long seconds) {
    clock.advance(Duration.ofSeconds(seconds));
    extension.run();
  }
}
