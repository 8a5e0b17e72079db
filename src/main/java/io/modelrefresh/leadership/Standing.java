package io.modelrefresh.leadership;

import java.util.Optional;

/** Where this agent stands among those that share a lease. */
public sealed interface Standing {

  /** It is the active one, and stays so until another holds the lease. */
  record Active() implements Standing {}

  /**
   * It waits until nobody holds the lease.
   *
   * @param holder who holds it; empty while that is not known, or nobody does
   */
  record Standby(Optional<String> holder) implements Standing {}
}
