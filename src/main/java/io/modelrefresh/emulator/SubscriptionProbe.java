package io.modelrefresh.emulator;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Looks into one subscription from outside the protocol, for tests: read-only, cheap, from any
 * thread. It goes by the name, so it stays good across restarts and deletions; without such a
 * subscription everything is zero.
 */
public final class SubscriptionProbe {

  private final Supplier<Optional<SubscriptionState>> subscription;

  SubscriptionProbe(Supplier<Optional<SubscriptionState>> subscription) {
    this.subscription = subscription;
  }

  /** How many messages are not acked yet, the outstanding ones included. */
  public int backlog() {
    return subscription.get().map(SubscriptionState::backlog).orElse(0);
  }

  /** How many messages are leased: delivered, neither acked nor nacked nor expired. */
  public int outstanding() {
    return subscription.get().map(SubscriptionState::outstanding).orElse(0);
  }

  /** How many StreamingPull streams are open. */
  public int openStreams() {
    return subscription.get().map(SubscriptionState::openStreams).orElse(0);
  }

  /** How many acks took effect. */
  public long ackedCount() {
    return subscription.get().map(SubscriptionState::ackedCount).orElse(0L);
  }

  /** The ids of the messages acked, in the order of their acks; of the latest million. */
  public List<String> ackedMessageIds() {
    return subscription.get().map(SubscriptionState::ackedMessageIds).orElse(List.of());
  }
}
