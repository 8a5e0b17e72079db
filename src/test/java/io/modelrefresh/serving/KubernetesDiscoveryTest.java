package io.modelrefresh.serving;

import static io.modelrefresh.serving.Slices.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.modelrefresh.ApiServer;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KubernetesDiscoveryTest {

  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final Kubernetes FRAUD = new Kubernetes("http", "ml", "fraud", "8000");

  private final Vertx vertx = Vertx.vertx();
  private final ApiServer api = new ApiServer();
  private final AtomicInteger clientsMade = new AtomicInteger();
  private final EndpointSliceWatches watches =
      new EndpointSliceWatches(
          this::client, Clock.fixed(NOW, ZoneOffset.UTC), vertx, Duration.ofMillis(50));

  private KubernetesClient client() {
    clientsMade.incrementAndGet();
    return api.client();
  }

  @AfterEach
  void close() {
    watches.close();
    api.close();
    vertx.close();
  }

  private static List<String> replicas(ReplicaDiscovery discovery) {
    return discovery.replicas().await().indefinitely().stream()
        .map(Replica::toString)
        .sorted()
        .toList();
  }

  /**
   * Unknown at first, then as expected, and watched: the mock loses a watch that is cut as it
   * opens.
   */
  private void awaitReplicas(ReplicaDiscovery discovery, String... expected) {
    await()
        .ignoreExceptionsInstanceOf(IllegalStateException.class)
        .untilAsserted(
            () ->
                assertThat(discovery.replicas().await().indefinitely())
                    .extracting(Replica::toString)
                    .containsExactlyInAnyOrder(expected));
    EndpointSliceWatch watch = watches.acquire(FRAUD);
    await().until(() -> !watch.interrupted());
    watches.release(FRAUD);
  }

  private static Slices fraud() {
    return slice("fraud-1").port("http", 8000);
  }

  @Test
  void replicasFollowTheServiceAsItIsScaledUpAndDown() {
    api.up().apply(fraud().ready("p1", "10.0.0.1").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery, "http://10.0.0.1:8000");

    api.apply(fraud().ready("p1", "10.0.0.1").ready("p2", "10.0.0.2").built());
    api.apply(slice("fraud-2").port("http", 8000).ready("p3", "10.0.0.3").built());
    awaitReplicas(
        discovery, "http://10.0.0.1:8000", "http://10.0.0.2:8000", "http://10.0.0.3:8000");

    api.apply(fraud().ready("p2", "10.0.0.2").built());
    api.delete(slice("fraud-2").built());
    awaitReplicas(discovery, "http://10.0.0.2:8000");
  }

  @Test
  void aReplicaIsThereWhileItIsReadyAndUntilItTerminates() {
    api.up().apply(fraud().notReady("p1", "10.0.0.1").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery);

    api.apply(fraud().ready("p1", "10.0.0.1").built());
    awaitReplicas(discovery, "http://10.0.0.1:8000");

    api.apply(fraud().terminating("p1", "10.0.0.1").built());
    awaitReplicas(discovery);
  }

  @Test
  void slicesOfOtherServicesDoNotCount() {
    api.up().apply(slice("other").ofService("other").port("http", 8000).bare("10.9.9.9").built());
    api.apply(fraud().ready("p1", "10.0.0.1").built());

    awaitReplicas(new KubernetesDiscovery(watches, FRAUD), "http://10.0.0.1:8000");
  }

  @Test
  void aServiceScaledToNothingIsKnownToBeEmptyOnceThatWasRead() {
    api.up().apply(fraud().built());

    awaitReplicas(new KubernetesDiscovery(watches, FRAUD));

    assertThat(watches.outOfContact()).isEmpty();
  }

  @Test
  void withoutAnApiServerTheReplicasAreUnknownUntilItIsThere() {
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    AtomicInteger changes = new AtomicInteger();
    discovery.onChange(gone -> changes.incrementAndGet());

    assertThatThrownBy(() -> replicas(discovery))
        .hasMessageStartingWith("kubernetes://ml/fraud: the replicas are unknown");
    await()
        .untilAsserted(
            () ->
                assertThat(watches.outOfContact())
                    .singleElement()
                    .satisfies(
                        lost -> {
                          assertThat(lost.service()).isEqualTo("ml/fraud");
                          assertThat(lost.since()).isEqualTo(NOW);
                          assertThat(lost.reason()).contains("cannot be asked: Connection refused");
                          assertThat(lost.replicasKnown()).isFalse();
                        }));
    assertThatThrownBy(() -> replicas(discovery)).hasMessageContaining("Connection refused");

    api.up().apply(fraud().ready("p1", "10.0.0.1").built());

    awaitReplicas(discovery, "http://10.0.0.1:8000");
    await().untilAsserted(() -> assertThat(watches.outOfContact()).isEmpty());
    await().untilAsserted(() -> assertThat(changes).hasPositiveValue());
  }

  @Test
  void theReplicasFoundLastStandWhileTheApiServerIsAwayAndAreFollowedAgainAfterwards() {
    api.up().apply(fraud().ready("p1", "10.0.0.1").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery, "http://10.0.0.1:8000");

    api.down();

    await()
        .untilAsserted(
            () ->
                assertThat(watches.outOfContact())
                    .singleElement()
                    .satisfies(
                        lost -> {
                          assertThat(lost.reason()).contains("the API server cannot be asked");
                          assertThat(lost.replicasKnown()).isTrue();
                        }));
    assertThat(replicas(discovery)).containsExactly("http://10.0.0.1:8000");

    api.up().apply(fraud().ready("p2", "10.0.0.2").built());

    awaitReplicas(discovery, "http://10.0.0.2:8000");
    await().untilAsserted(() -> assertThat(watches.outOfContact()).isEmpty());
  }

  @Test
  void whatIsForbiddenIsNamedUntilItIsGranted() {
    api.up().apply(fraud().ready("p1", "10.0.0.1").built());
    api.forbid(true);
    var discovery = new KubernetesDiscovery(watches, FRAUD);

    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> replicas(discovery))
                    .hasMessage(
                        "kubernetes://ml/fraud: the replicas are unknown, the API server forbids"
                            + " it: grant the agent's service account the verbs list, watch on"
                            + " endpointslices.discovery.k8s.io in namespace ml"));

    api.forbid(false);

    awaitReplicas(discovery, "http://10.0.0.1:8000");
  }

  @Test
  void aRightThatIsTakenAwayLaterIsNamedWhileTheReplicasFoundLastStand() {
    api.up().apply(fraud().ready("p1", "10.0.0.1").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery, "http://10.0.0.1:8000");

    api.forbid(true);
    api.down();
    api.up();

    await()
        .untilAsserted(
            () ->
                assertThat(watches.outOfContact())
                    .singleElement()
                    .extracting(OutOfContact::reason)
                    .asString()
                    .startsWith("the API server forbids it: grant"));
    assertThat(replicas(discovery)).containsExactly("http://10.0.0.1:8000");

    api.forbid(false);

    await().untilAsserted(() -> assertThat(watches.outOfContact()).isEmpty());
  }

  @Test
  void aListenerIsToldOfEveryChangeOfTheReplicasAndOfNothingElse() {
    api.up().apply(fraud().ready("p1", "10.0.0.1").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery, "http://10.0.0.1:8000");
    AtomicInteger changes = new AtomicInteger();
    AtomicInteger seenByStopped = new AtomicInteger();
    discovery.onChange(
        gone -> {
          throw new IllegalStateException("a listener's own failure");
        });
    discovery.onChange(gone -> changes.incrementAndGet());
    Runnable stop = discovery.onChange(gone -> seenByStopped.incrementAndGet());
    stop.run();

    api.apply(fraud().ready("p1", "10.0.0.1").notReady("p2", "10.0.0.2").built());
    api.apply(fraud().ready("p1", "10.0.0.1").ready("p2", "10.0.0.2").built());
    awaitReplicas(discovery, "http://10.0.0.1:8000", "http://10.0.0.2:8000");
    await().untilAsserted(() -> assertThat(changes).hasValue(1));

    api.apply(fraud().ready("p2", "10.0.0.2").built());
    await().untilAsserted(() -> assertThat(changes).hasValue(2));
    assertThat(seenByStopped).hasValue(0);
  }

  @Test
  void aListenerIsToldOfAReplicaThatWasNotReadyForAMomentThoughItIsReadyAgainBeforeAnyoneLooks()
      throws InterruptedException {
    api.up().apply(fraud().ready("p1", "10.0.0.1").ready("p2", "10.0.0.2").built());
    var discovery = new KubernetesDiscovery(watches, FRAUD);
    awaitReplicas(discovery, "http://10.0.0.1:8000", "http://10.0.0.2:8000");
    EndpointSliceWatch watch = watches.acquire(FRAUD);
    CountDownLatch looks = new CountDownLatch(1);
    CountDownLatch restarted = new CountDownLatch(1);
    watch.onChange(
        slices -> {
          looks.countDown();
          awaitUninterruptibly(restarted);
        });
    List<Set<Replica>> told = new CopyOnWriteArrayList<>();
    discovery.onChange(told::add);

    Slices others = fraud().ready("p1", "10.0.0.1").notReady("p3", "10.0.0.3");
    api.apply(others.ready("p2", "10.0.0.2").built());
    looks.await();
    api.apply(fraud().ready("p1", "10.0.0.1").notReady("p2", "10.0.0.2").built());
    api.apply(fraud().ready("p2", "10.0.0.2").ready("p1", "10.0.0.1").built());
    await().until(() -> firstEndpoint(watch).equals("10.0.0.2"));
    restarted.countDown();

    await()
        .untilAsserted(
            () ->
                assertThat(told)
                    .containsExactly(Set.of(new Replica("http", "10.0.0.2", 8000)), Set.of()));
    watches.release(FRAUD);
  }

  private static String firstEndpoint(EndpointSliceWatch watch) {
    return watch.slices().get(0).getEndpoints().get(0).getAddresses().get(0);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void modelsOnOneServiceShareOneWatchUntilTheLastIsGone() {
    api.up().apply(fraud().port("grpc", 8001).ready("p1", "10.0.0.1").built());
    var http = new KubernetesDiscovery(watches, FRAUD);
    var grpc = new KubernetesDiscovery(watches, new Kubernetes("http", "ml", "fraud", "grpc"));
    awaitReplicas(http, "http://10.0.0.1:8000");
    awaitReplicas(grpc, "http://10.0.0.1:8001");

    assertThat(watches.acquire(FRAUD)).isSameAs(watches.acquire(FRAUD));
    watches.release(FRAUD);
    watches.release(FRAUD);
    http.close();
    http.close();
    api.apply(fraud().port("grpc", 8001).ready("p2", "10.0.0.2").built());

    awaitReplicas(grpc, "http://10.0.0.2:8001");
    assertThat(clientsMade).hasValue(1);
    EndpointSliceWatch shared = watches.acquire(FRAUD);
    watches.release(FRAUD);
    grpc.close();
    assertThat(watches.acquire(FRAUD)).isNotSameAs(shared);
  }

  @Test
  void noClientIsMadeBeforeAModelNamesAService() {
    watches.close();

    assertThat(clientsMade).hasValue(0);
    assertThat(watches.outOfContact()).isEmpty();
  }
}
