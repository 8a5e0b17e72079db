package io.modelrefresh.soak;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.modelrefresh.ApiServer;
import io.modelrefresh.serving.FakeDnsServer;
import io.modelrefresh.serving.FakeModelServer;
import io.modelrefresh.serving.FakeTriton;
import io.modelrefresh.soak.Deployment.Discovery;
import io.modelrefresh.soak.Deployment.Pod;
import io.modelrefresh.soak.Deployment.Protocol;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;

/** The model servers, by every protocol and every way to find them, and what goes wrong there. */
final class Fleet implements AutoCloseable {

  private record Spec(Protocol protocol, Discovery discovery, int replicas) {}

  /** Model {@code mN} is the N-th. */
  private static final List<Spec> SPECS =
      List.of(
          new Spec(Protocol.OPEN_INFERENCE, Discovery.STATIC, 2),
          new Spec(Protocol.TRITON, Discovery.STATIC, 2),
          new Spec(Protocol.HTTP, Discovery.STATIC, 2),
          new Spec(Protocol.OPEN_INFERENCE, Discovery.DNS, 3),
          new Spec(Protocol.TRITON, Discovery.DNS, 3),
          new Spec(Protocol.OPEN_INFERENCE, Discovery.KUBERNETES, 3),
          new Spec(Protocol.TRITON, Discovery.KUBERNETES, 3),
          new Spec(Protocol.OPEN_INFERENCE, Discovery.STATIC, 2),
          new Spec(Protocol.TRITON, Discovery.STATIC, 2),
          new Spec(Protocol.TRITON, Discovery.STATIC, 4),
          new Spec(Protocol.HTTP, Discovery.STATIC, 2),
          new Spec(Protocol.TRITON, Discovery.STATIC, 2),
          new Spec(Protocol.OPEN_INFERENCE, Discovery.STATIC, 3));

  /** What goes wrong with a replica is one of these, by number. */
  private record Place(int model, int pod) {}

  private static final List<Place> PLACES =
      IntStream.range(0, SPECS.size())
          .boxed()
          .flatMap(
              model ->
                  IntStream.range(0, SPECS.get(model).replicas())
                      .mapToObj(pod -> new Place(model, pod)))
          .toList();

  /** One replica of each model stays, or there would be nothing to converge. */
  private static final List<Integer> LEAVING =
      IntStream.range(0, PLACES.size())
          .filter(i -> PLACES.get(i).pod() > 0)
          .filter(i -> SPECS.get(PLACES.get(i).model()).discovery() != Discovery.STATIC)
          .boxed()
          .toList();

  private static final List<Integer> NAMED =
      IntStream.range(0, SPECS.size())
          .filter(i -> SPECS.get(i).discovery() == Discovery.DNS)
          .boxed()
          .toList();

  /** On a machine that is held up, the API server is slow to answer. */
  private static final int ATTEMPTS = 20;

  static final int REPLICAS = PLACES.size();
  static final int LEAVING_REPLICAS = LEAVING.size();
  static final int NAMES = NAMED.size();

  static int leaving(int target) {
    return LEAVING.get(target);
  }

  private final ApiServer api;
  private final FakeDnsServer names = new FakeDnsServer();

  /** Held by who changes what the API server says, and while it says nothing. */
  private final Semaphore apiServerAnswers = new Semaphore(1);

  private final List<Deployment> deployments = new ArrayList<>();
  private final Map<String, Deployment> byModel = new TreeMap<>();

  /**
   * @param canName whether agents ask the name server here; else the cluster stands in for it
   */
  Fleet(ApiServer api, boolean canName) {
    this.api = api;
    for (int i = 0; i < SPECS.size(); i++) {
      Spec spec = SPECS.get(i);
      Discovery discovery =
          spec.discovery() == Discovery.DNS && !canName ? Discovery.KUBERNETES : spec.discovery();
      Deployment deployment =
          new Deployment("m" + i, spec.protocol(), discovery, spec.replicas(), 10 + i);
      deployments.add(deployment);
      byModel.put(deployment.model, deployment);
      if (discovery != Discovery.STATIC) {
        announce(deployment, deployment.pods);
        deployment.pods.forEach(Pod::isThereAtFirst);
      }
    }
  }

  List<Deployment> deployments() {
    return deployments;
  }

  Deployment of(String model) {
    return byModel.get(model);
  }

  int nameServerPort() {
    return names.address().getPort();
  }

  // ---- What goes wrong; each returns what ends it ----

  Runnable begin(Fault fault) {
    return switch (fault.kind()) {
      case REPLICA_LEAVES -> leave(PLACES.get(leaving(fault.target())), fault.detail());
      case NAME_FAILS -> failName(deployments.get(NAMED.get(fault.target())), fault.detail());
      default -> break_(PLACES.get(fault.target()), fault);
    };
  }

  private Pod pod(Place place) {
    return deployments.get(place.model()).pods.get(place.pod());
  }

  private Runnable break_(Place place, Fault fault) {
    FakeModelServer server = pod(place).server;
    int few = 1 + fault.detail() % 4;
    switch (fault.kind()) {
      case REFUSE_LOADS -> server.failNext(few, List.of(500, 503, 400).get(fault.detail() % 3));
      case RESET_LOADS -> server.resetNext(few);
      case BREAK_OFF_LOADS -> server.breakOffNext(few);
      case IGNORE_LOADS -> server.ignoreNext(few);
      case SLOW_LOADS -> server.slowLoads(Duration.ofMillis(50 + 3L * fault.detail()));
      case GATE_LOADS -> server.gateLoads();
      case PRETEND_LOADS -> pretend(server, few);
      case HANG_SERVER -> server.hang();
      case LOSE_PACKETS -> server.vanish();
      case CRASH_IN_LOAD -> server.crashNext(1);
      case STOP_SERVER -> server.stop();
      case NEVER_READY -> server.neverReady();
      default -> throw new IllegalArgumentException(fault.toString());
    }
    return server::heal;
  }

  private static void pretend(FakeModelServer server, int few) {
    if (server instanceof FakeTriton triton) {
      triton.ignoreConfigurations();
    } else {
      server.pretendNext(few);
    }
  }

  /**
   * A pod ends and another takes its place, at the same address. It has loaded its model anew and
   * knows nothing of what the one before was sent.
   */
  private Runnable leave(Place place, int detail) {
    Deployment deployment = deployments.get(place.model());
    Pod pod = pod(place);
    boolean diesFirst = detail % 2 == 0;
    boolean announcedFirst = detail % 3 == 0;
    if (diesFirst) {
      pod.server.stop();
    }
    pod.leaves();
    announcePresent(deployment);
    if (!diesFirst) {
      pod.server.stop();
    }
    return () -> {
      if (!announcedFirst) {
        pod.server.startAgain();
      }
      announceWith(deployment, pod);
      pod.joined();
      if (announcedFirst) {
        pod.server.startAgain();
      }
    };
  }

  private Runnable failName(Deployment deployment, int detail) {
    if (deployment.discovery != Discovery.DNS) {
      return () -> {};
    }
    DnsResponseCode code = detail % 2 == 0 ? DnsResponseCode.SERVFAIL : DnsResponseCode.NXDOMAIN;
    synchronized (deployment) {
      names.fail(deployment.hostName(), DnsRecordType.A, code);
      names.fail(deployment.hostName(), DnsRecordType.AAAA, code);
    }
    return () -> announcePresent(deployment);
  }

  private void announcePresent(Deployment deployment) {
    synchronized (deployment) {
      announce(deployment, deployment.present());
    }
  }

  private void announceWith(Deployment deployment, Pod pod) {
    synchronized (deployment) {
      List<Pod> all = new ArrayList<>(deployment.present());
      all.add(pod);
      announce(deployment, all);
    }
  }

  private void announce(Deployment deployment, List<Pod> present) {
    List<String> hosts = present.stream().map(pod -> pod.server.replica().host()).toList();
    if (deployment.discovery == Discovery.DNS) {
      names.answer(deployment.hostName(), DnsRecordType.A, hosts.toArray(new String[0]));
      names.answer(deployment.hostName(), DnsRecordType.AAAA);
    } else {
      whileApiServerAnswers(() -> api.apply(slice(deployment, hosts)));
    }
  }

  private static EndpointSlice slice(Deployment deployment, List<String> hosts) {
    EndpointSliceBuilder slice =
        new EndpointSliceBuilder()
            .withNewMetadata()
            .withName(deployment.model + "-1")
            .withNamespace("ml")
            .addToLabels("kubernetes.io/service-name", deployment.model)
            .endMetadata()
            .withAddressType("IPv4")
            .addNewPort()
            .withName("http")
            .withProtocol("TCP")
            .withPort(deployment.port())
            .endPort();
    hosts.forEach(
        host ->
            slice
                .addNewEndpoint()
                .withAddresses(host)
                .withNewConditions()
                .withReady(true)
                .withServing(true)
                .withTerminating(false)
                .endConditions()
                .endEndpoint());
    return slice.build();
  }

  /** Somebody takes the lease, if it is there, who does not renew it. */
  void seizeLease(String name) {
    var lease = api.admin().leases().inNamespace("ml").withName(name);
    whileApiServerAnswers(
        () -> {
          if (lease.get() != null) {
            lease.edit(
                held -> {
                  held.getSpec().setHolderIdentity("intruder");
                  held.getSpec().setRenewTime(ZonedDateTime.now());
                  return held;
                });
          }
        });
  }

  private void whileApiServerAnswers(Runnable change) {
    apiServerAnswers.acquireUninterruptibly();
    try {
      for (int left = ATTEMPTS; ; left--) {
        try {
          change.run();
          return;
        } catch (KubernetesClientException e) {
          if (left == 0) {
            throw e;
          }
        }
      }
    } finally {
      apiServerAnswers.release();
    }
  }

  Runnable apiServerDown() {
    apiServerAnswers.acquireUninterruptibly();
    api.down();
    return () -> {
      api.up();
      apiServerAnswers.release();
    };
  }

  Runnable apiServerForbids() {
    apiServerAnswers.acquireUninterruptibly();
    api.forbid(true);
    return () -> {
      api.forbid(false);
      apiServerAnswers.release();
    };
  }

  @Override
  public void close() {
    deployments.forEach(Deployment::close);
    names.close();
  }
}
