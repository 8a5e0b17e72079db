package io.modelrefresh.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.modelrefresh.ApiServer;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeaseElectionTest {

  private static final Duration DURATION = Duration.ofMillis(1600);

  private final ApiServer api = new ApiServer();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final List<Agent> agents = new ArrayList<>();

  /** One that competes, and what it was told. */
  private final class Agent implements LeaseElection.Listener {

    final List<String> told = new CopyOnWriteArrayList<>();
    final LeaseElection election;

    Agent(String name) {
      election =
          new LeaseElection(
              api::client,
              new LeaseSettings("ml", "agent", name, DURATION),
              (delay, task) -> timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS),
              this);
      agents.add(this);
      election.start();
    }

    boolean isActive() {
      return election.standing() instanceof Standing.Active;
    }

    @Override
    public void activated() {
      told.add("activated");
    }

    @Override
    public void superseded(String holder) {
      told.add("superseded by " + holder);
    }
  }

  @AfterEach
  void close() {
    agents.forEach(agent -> agent.election.close());
    timer.shutdownNow();
    api.close();
  }

  private Lease lease() {
    return api.admin().leases().inNamespace("ml").withName("agent").get();
  }

  private void heldBy(String holder, ZonedDateTime renewed) {
    api.apply(
        new LeaseBuilder()
            .withNewMetadata()
            .withNamespace("ml")
            .withName("agent")
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(holder)
            .withLeaseDurationSeconds(1)
            .withAcquireTime(renewed)
            .withRenewTime(renewed)
            .withLeaseTransitions(0)
            .endSpec()
            .build());
  }

  private static ZonedDateTime now() {
    return ZonedDateTime.now(ZoneOffset.UTC);
  }

  @Test
  void theFirstIsActiveAndTheSecondStandsByKnowingWhoIs() {
    api.up();
    Agent first = new Agent("first");
    await().until(first::isActive);

    Agent second = new Agent("second");

    await()
        .untilAsserted(
            () ->
                assertThat(second.election.standing())
                    .isEqualTo(new Standing.Standby(Optional.of("first"))));
    assertThat(first.told).containsExactly("activated");
    assertThat(second.told).isEmpty();
    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("first");
  }

  @Test
  void theStandbyTakesOverWhenTheLeaseIsGivenBackWithoutWaitingForItToExpire() {
    api.up();
    Agent first = new Agent("first");
    await().until(first::isActive);
    Agent second = new Agent("second");
    await().until(() -> second.election.standing().toString().contains("first"));

    first.election.close();

    assertThat(lease().getSpec().getHolderIdentity()).isNotEqualTo("first");
    await().untilAsserted(() -> assertThat(second.told).containsExactly("activated"));
  }

  @Test
  void theLeaseOfOneThatIsSilentIsTakenOnceItHasExpired() {
    api.up();
    heldBy("killed", now().plusSeconds(3)); // Long enough to be seen.
    Agent standby = new Agent("standby");
    await().until(() -> standby.election.standing().toString().contains("killed"));

    await().until(standby::isActive);

    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("standby");
  }

  @Test
  void theActiveOneStaysActiveWhileTheApiServerIsAwayAndKeepsTheLeaseAfterwards() {
    api.up();
    Agent active = new Agent("active");
    await().until(active::isActive);

    api.down();
    await()
        .untilAsserted(
            () ->
                assertThat(active.election.problem())
                    .hasValueSatisfying(
                        why -> assertThat(why).startsWith("the API server cannot be asked")));
    await().pollDelay(DURATION.multipliedBy(2)).until(() -> true);
    assertThat(active.isActive()).isTrue();
    ZonedDateTime before = now();
    api.up();

    await().until(() -> lease().getSpec().getRenewTime().isAfter(before));
    await().untilAsserted(() -> assertThat(active.election.problem()).isEmpty());
    assertThat(active.isActive()).isTrue();
    assertThat(active.told).containsExactly("activated");
  }

  @Test
  void theActiveOneYieldsOnceItSeesThatAnotherHoldsTheLease() {
    api.up();
    Agent active = new Agent("active");
    await().until(active::isActive);

    await()
        .ignoreExceptions() // Writing the lease conflicts with its renewal now and then.
        .untilAsserted(
            () -> {
              heldBy("other", now().plusMinutes(1));
              assertThat(active.told).containsExactly("activated", "superseded by other");
            });
    assertThat(active.election.standing()).isEqualTo(new Standing.Standby(Optional.of("other")));
  }

  @Test
  void whatIsForbiddenIsNamedUntilItIsGranted() {
    api.up().forbid(true);
    Agent agent = new Agent("agent");

    await()
        .untilAsserted(
            () ->
                assertThat(agent.election.problem())
                    .contains(
                        "the API server forbids it: grant the agent's service account the verbs"
                            + " get, create, patch on leases.coordination.k8s.io in namespace ml"));
    assertThat(agent.election.standing()).isEqualTo(new Standing.Standby(Optional.empty()));

    api.forbid(false);

    await().until(agent::isActive);
    assertThat(agent.election.problem()).isEmpty();
  }

  @Test
  void oneThatIsClosedWhileItStandsByLeavesTheLeaseToItsHolder() {
    api.up();
    Agent first = new Agent("first");
    await().until(first::isActive);
    Agent second = new Agent("second");
    await().until(() -> second.election.standing().toString().contains("first"));

    second.election.close();

    assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("first");
  }
}
