package io.modelrefresh.soak;

import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeModelServer.DoneLoad;
import io.modelrefresh.serving.FakeTriton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A model, what serves it, and when each of its replicas was one. */
final class Deployment {

  enum Protocol {
    OPEN_INFERENCE,
    TRITON,
    HTTP
  }

  enum Discovery {
    STATIC,
    DNS,
    KUBERNETES
  }

  /** One replica. It is on the list of replicas from its first moment there to its last. */
  static final class Pod {

    final int number;
    final FakeModelServer server;
    private final List<Instant[]> presences = new ArrayList<>();

    Pod(int number, FakeModelServer server) {
      this.number = number;
      this.server = server;
    }

    /** From before there was anything. */
    synchronized void isThereAtFirst() {
      presences.add(new Instant[] {Instant.MIN, Instant.MAX});
    }

    synchronized void joined() {
      if (!isPresent()) {
        presences.add(new Instant[] {Instant.now(), Instant.MAX});
      }
    }

    synchronized void leaves() {
      if (isPresent()) {
        presences.get(presences.size() - 1)[1] = Instant.now();
      }
    }

    synchronized boolean isPresent() {
      return !presences.isEmpty() && presences.get(presences.size() - 1)[1].equals(Instant.MAX);
    }

    synchronized boolean wasPresent(Instant from, Instant to) {
      return presences.stream()
          .anyMatch(presence -> !presence[0].isAfter(from) && !presence[1].isBefore(to));
    }
  }

  final String model;
  final Protocol protocol;
  final Discovery discovery;
  final List<Pod> pods;

  /**
   * @param subnet where the replicas of a model found by name have the same port: 127.0.SUBNET.N
   */
  Deployment(String model, Protocol protocol, Discovery discovery, int replicas, int subnet) {
    this.model = model;
    this.protocol = protocol;
    this.discovery = discovery;
    int port = 0;
    List<Pod> started = new ArrayList<>();
    for (int i = 0; i < replicas; i++) {
      String host = discovery == Discovery.STATIC ? "127.0.0.1" : "127.0." + subnet + "." + (i + 1);
      FakeModelServer server =
          protocol == Protocol.TRITON
              ? FakeTriton.start(host, port)
              : FakeModelServer.start(host, port);
      server
          .withoutRecording()
          .model(model)
          .loadRoute("POST", "/reload/" + model, model)
          .readyRoute("/health/" + model, model);
      if (discovery != Discovery.STATIC) {
        port = server.replica().port();
      }
      started.add(new Pod(i, server));
    }
    pods = List.copyOf(started);
  }

  int port() {
    return pods.get(0).server.replica().port();
  }

  List<Pod> present() {
    return pods.stream().filter(Pod::isPresent).toList();
  }

  /** As the catalog says where they are. */
  String address(List<Integer> staticPods) {
    return switch (discovery) {
      case STATIC ->
          staticPods.stream()
              .map(i -> pods.get(i).server.address())
              .collect(Collectors.joining(","));
      case DNS -> "dns://" + hostName() + ":" + port();
      case KUBERNETES -> "kubernetes://ml/" + model + ":" + port();
    };
  }

  String hostName() {
    return model + ".soak.test";
  }

  List<Integer> allPods() {
    return IntStream.range(0, pods.size()).boxed().toList();
  }

  /**
   * The loads that count. Only Triton's protocol lets an agent tell a load that changed nothing, so
   * by any other a load counts that was answered with success.
   */
  List<DoneLoad> countingLoads(Pod pod) {
    return protocol == Protocol.TRITON
        ? pod.server.effectiveLoads(model)
        : pod.server.acceptedLoads(model);
  }

  void close() {
    pods.forEach(pod -> pod.server.heal().close());
  }
}
