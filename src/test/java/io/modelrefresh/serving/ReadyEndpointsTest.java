package io.modelrefresh.serving;

import static io.modelrefresh.serving.Slices.ipv6Slice;
import static io.modelrefresh.serving.Slices.slice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReadyEndpointsTest {

  private static List<String> replicas(String port, Slices... slices) {
    return ReadyEndpoints.of(
            Stream.of(slices).map(Slices::built).toList(),
            new Kubernetes("http", "ml", "fraud", port))
        .stream()
        .map(Replica::toString)
        .sorted()
        .toList();
  }

  @Test
  void aServiceWithoutEndpointsHasNoReplicas() {
    assertThat(replicas("8000", slice("a"))).isEmpty();
  }

  @Test
  void asOneWhoseListsAreNullAsApiServersWriteThemWhenEmpty() {
    EndpointSlice scaledToZero =
        new KubernetesSerialization()
            .unmarshal(
                "{\"kind\": \"EndpointSlice\", \"apiVersion\": \"discovery.k8s.io/v1\","
                    + " \"metadata\": {\"name\": \"a\"}, \"addressType\": \"IPv4\","
                    + " \"endpoints\": null, \"ports\": null}",
                EndpointSlice.class);

    assertThat(
            ReadyEndpoints.of(List.of(scaledToZero), new Kubernetes("http", "ml", "fraud", "8000")))
        .isEmpty();
  }

  @Test
  void theReplicasOfAServiceWithoutSlicesAreUnknown() {
    assertThatThrownBy(() -> replicas("8000"))
        .hasMessageContaining("kubernetes://ml/fraud:8000")
        .hasMessageContaining("no EndpointSlice");
  }

  @Test
  void onlyEndpointsThatAreReadyAndNotTerminatingAreReplicas() {
    Slices slice =
        slice("a")
            .port("http", 8000)
            .ready("p1", "10.0.0.1")
            .notReady("p2", "10.0.0.2")
            .terminating("p3", "10.0.0.3");

    assertThat(replicas("8000", slice)).containsExactly("http://10.0.0.1:8000");
  }

  @Test
  void anEndpointWithoutConditionsIsReady() {
    assertThat(replicas("8000", slice("a").port("http", 8000).bare("10.0.0.1")))
        .containsExactly("http://10.0.0.1:8000");
  }

  @Test
  void aPortIsNamedByItsNumberOrItsName() {
    Slices slice =
        slice("a")
            .port("http", 8000)
            .port("grpc", 8001)
            .port("metrics", 8002)
            .ready("p", "10.0.0.1");

    assertThat(replicas("8001", slice)).containsExactly("http://10.0.0.1:8001");
    assertThat(replicas("http", slice)).containsExactly("http://10.0.0.1:8000");
  }

  @Test
  void aNamedPortHasTheNumberOfItsOwnSlice() {
    Slices before = slice("a").port("http", 8000).ready("p1", "10.0.0.1");
    Slices after = slice("b").port("http", 9000).ready("p2", "10.0.0.2");

    assertThat(replicas("http", before, after))
        .containsExactly("http://10.0.0.1:8000", "http://10.0.0.2:9000");
  }

  @Test
  void aSliceThatDeclaresNoPortsHasEveryNumberedOne() {
    assertThat(replicas("8000", slice("a").ready("p", "10.0.0.1")))
        .containsExactly("http://10.0.0.1:8000");
    assertThat(replicas("8000", slice("a").port("", null).ready("p", "10.0.0.1")))
        .containsExactly("http://10.0.0.1:8000");
  }

  @Test
  void aReadyEndpointWithoutThePortMakesTheSetUnknown() {
    Slices slice = slice("fraud-x7k").port("http", 8000).port("", 8001).port("dns", 53, "UDP");

    assertThat(replicas("grpc", slice)).isEmpty();
    slice.ready("p", "10.0.0.1");

    assertThatThrownBy(() -> replicas("grpc", slice))
        .hasMessage(
            "kubernetes://ml/fraud:grpc: the replicas are unknown, ready endpoints in EndpointSlice"
                + " fraud-x7k have no port grpc; they have 8000 (http), 8001");
    assertThatThrownBy(() -> replicas("53", slice)).hasMessageContaining("have no port 53");
  }

  @Test
  void aPodOfADualStackServiceIsOneReplica() {
    Slices six = ipv6Slice("a").port("http", 8000).ready("p1", "fd00::1").ready("p2", "fd00::2");
    Slices four = slice("b").port("http", 8000).ready("p1", "10.0.0.1").notReady("p2", "10.0.0.2");

    assertThat(replicas("8000", six, four))
        .containsExactly("http://10.0.0.1:8000", "http://[fd00::2]:8000");
    assertThat(replicas("8000", four, six)).isEqualTo(replicas("8000", six, four));
  }

  @Test
  void anEndpointThatIsInTwoSlicesForAMomentIsOneReplicaAndReadyIfEitherSaysSo() {
    Slices from = slice("a").port("http", 8000).notReady("p1", "10.0.0.1").bare("10.0.0.9");
    Slices to = slice("b").port("http", 8000).ready("p1", "10.0.0.1").bare("10.0.0.9");

    assertThat(replicas("8000", from, to))
        .containsExactly("http://10.0.0.1:8000", "http://10.0.0.9:8000");
  }
}
