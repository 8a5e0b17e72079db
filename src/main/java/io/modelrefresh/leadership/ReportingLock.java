package io.modelrefresh.leadership;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.Lock;
import java.net.HttpURLConnection;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The same lock, which also tells how asking the API server went: an election keeps that to itself.
 */
final class ReportingLock implements Lock {

  private static final String NOBODY = "";

  private final Lock lock;
  private final Consumer<Optional<KubernetesClientException>> asked;

  /**
   * @param asked told after every request, with the failure if it was one
   */
  ReportingLock(Lock lock, Consumer<Optional<KubernetesClientException>> asked) {
    this.lock = lock;
    this.asked = asked;
  }

  @Override
  public LeaderElectionRecord get(KubernetesClient client) {
    try {
      LeaderElectionRecord found = lock.get(client);
      asked.accept(Optional.empty());
      return found;
    } catch (KubernetesClientException e) {
      asked.accept(Optional.of(e));
      throw e;
    }
  }

  @Override
  public void create(KubernetesClient client, LeaderElectionRecord held) {
    write(() -> lock.create(client, held));
  }

  @Override
  public void update(KubernetesClient client, LeaderElectionRecord held) {
    LeaderElectionRecord written = held.getHolderIdentity() == null ? heldByNobody(held) : held;
    write(() -> lock.update(client, written));
  }

  /**
   * The lock is written by a merge patch (RFC 7386), which leaves out what is null, and what is
   * left out stays as it was: the holder that gives the lease back would go on to hold it.
   */
  private static LeaderElectionRecord heldByNobody(LeaderElectionRecord held) {
    return new LeaderElectionRecord(
        NOBODY,
        held.getLeaseDuration(),
        held.getAcquireTime(),
        held.getRenewTime(),
        held.getLeaderTransitions());
  }

  private void write(Runnable request) {
    try {
      request.run();
      asked.accept(Optional.empty());
    } catch (KubernetesClientException e) {
      // Another agent was quicker: the election at work, not a failure of it.
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        asked.accept(Optional.of(e));
      }
      throw e;
    }
  }

  @Override
  public String identity() {
    return lock.identity();
  }

  @Override
  public String describe() {
    return lock.describe();
  }
}
