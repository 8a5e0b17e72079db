package io.modelrefresh.serving;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;

/** All that replica discovery asks of an API server, for tests of other rooms. */
public final class FollowedService {

  private FollowedService() {}

  /** Lists and watches the endpoints of a service, and checks that it may. */
  public static void follow(KubernetesClient client, String namespace, String service) {
    var watch = new EndpointSliceWatch(client, namespace, service, Clock.systemUTC());
    watch.start();
    await()
        .ignoreExceptionsInstanceOf(IllegalStateException.class)
        .until(() -> watch.slices().isEmpty() && !watch.interrupted());
    watch.refusal();
    watch.stop();
  }
}
