package io.modelrefresh.serving;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;

/** EndpointSlices of service {@code ml/fraud}, as its controller writes them. */
final class Slices {

  private final EndpointSliceBuilder slice;

  private Slices(String name, String family) {
    slice =
        new EndpointSliceBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("ml")
            .addToLabels(EndpointSliceWatch.SERVICE_NAME, "fraud")
            .endMetadata()
            .withAddressType(family);
  }

  static Slices slice(String name) {
    return new Slices(name, "IPv4");
  }

  static Slices ipv6Slice(String name) {
    return new Slices(name, "IPv6");
  }

  Slices ofService(String service) {
    slice.editMetadata().addToLabels(EndpointSliceWatch.SERVICE_NAME, service).endMetadata();
    return this;
  }

  Slices port(String name, Integer number) {
    return port(name, number, "TCP");
  }

  Slices port(String name, Integer number, String protocol) {
    slice.addToPorts(
        new EndpointPortBuilder().withName(name).withPort(number).withProtocol(protocol).build());
    return this;
  }

  Slices ready(String pod, String ip) {
    return endpoint(pod, ip, true, false);
  }

  Slices notReady(String pod, String ip) {
    return endpoint(pod, ip, false, false);
  }

  Slices terminating(String pod, String ip) {
    return endpoint(pod, ip, true, true);
  }

  /** Of an endpoint written by something other than the controller. */
  Slices bare(String ip) {
    slice.addToEndpoints(new EndpointBuilder().withAddresses(ip).build());
    return this;
  }

  private Slices endpoint(String pod, String ip, boolean ready, boolean terminating) {
    slice.addToEndpoints(
        new EndpointBuilder()
            .withAddresses(ip)
            .withNewTargetRef()
            .withKind("Pod")
            .withName(pod)
            .withUid("uid-" + pod)
            .endTargetRef()
            .withNewConditions()
            .withReady(ready)
            .withServing(ready)
            .withTerminating(terminating)
            .endConditions()
            .build());
    return this;
  }

  EndpointSlice built() {
    return slice.build();
  }
}
