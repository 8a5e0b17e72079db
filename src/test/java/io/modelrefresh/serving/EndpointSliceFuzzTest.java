package io.modelrefresh.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceList;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.modelrefresh.FuzzInput;
import io.modelrefresh.catalog.ReplicaAddress.Kubernetes;
import java.util.Set;

/** EndpointSlices as an API server lists them: the port on the first line, then the list. */
class EndpointSliceFuzzTest {

  private final KubernetesSerialization kubernetes = new KubernetesSerialization();

  @FuzzTest
  void anySlicesAreReplicasOrUnknown(byte[] input) {
    FuzzInput answer = FuzzInput.of(input);
    EndpointSliceList list;
    try {
      list = kubernetes.unmarshal(new String(answer.body(), UTF_8), EndpointSliceList.class);
    } catch (RuntimeException e) {
      return; // Fabric8's client reads it, and what it cannot read it does not hand on.
    }
    if (list == null || list.getItems() == null) {
      return;
    }
    String port = answer.head().get(0).equals("8000") ? "8000" : "http";
    Set<Replica> replicas;
    try {
      replicas = ReadyEndpoints.of(list.getItems(), new Kubernetes("http", "ml", "fraud", port));
    } catch (IllegalStateException unknown) {
      assertThat(unknown.getMessage()).startsWith("kubernetes://ml/fraud:" + port + ": ");
      return;
    }
    assertThat(replicas).allMatch(replica -> replica.host() != null);
  }
}
