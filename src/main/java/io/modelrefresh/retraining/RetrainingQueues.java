package io.modelrefresh.retraining;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RetrainingPolicy;
import io.modelrefresh.catalog.RetrainingTarget;
import io.modelrefresh.catalog.RetrainingTarget.Authentication;
import io.modelrefresh.catalog.RetrainingTarget.Http;
import io.modelrefresh.catalog.RetrainingTarget.Kubernetes;
import io.modelrefresh.catalog.RetrainingTarget.PubSub;
import io.modelrefresh.catalog.RetrainingTarget.Source;
import io.modelrefresh.pubsub.PubSubPublisher;
import io.modelrefresh.request.BearerToken;
import io.modelrefresh.request.MountedFile;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.quarkus.tls.runtime.config.TlsConfigUtils;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The queue of each model, by its settings as they are now. A new kind of queue is a {@link
 * RetrainingQueue} and a line here. Thread-safe.
 */
final class RetrainingQueues implements AutoCloseable {

  private static final Duration PUBLISH_TIMEOUT = Duration.ofSeconds(30);
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  private final ClusterAccess cluster;
  private final Supplier<PubSubPublisher> publisher;
  private final Vertx vertx;
  private final TlsConfigurationRegistry tls;
  private final Supplier<Uni<String>> googleToken;
  private final Clock clock;
  private final Map<Optional<String>, HttpClient> clients = new ConcurrentHashMap<>();
  private final Map<Owner, RetrainingQueue> queues = new ConcurrentHashMap<>();

  private record Owner(String model, RetrainingTarget target) {}

  /**
   * @param publisher asked when the first model needs it
   * @param googleToken asked for each request that needs one
   */
  RetrainingQueues(
      ClusterAccess cluster,
      Supplier<PubSubPublisher> publisher,
      Vertx vertx,
      TlsConfigurationRegistry tls,
      Supplier<Uni<String>> googleToken,
      Clock clock) {
    this.cluster = cluster;
    this.publisher = publisher;
    this.vertx = vertx;
    this.tls = tls;
    this.googleToken = googleToken;
    this.clock = clock;
  }

  /**
   * @param model with a retraining policy
   * @throws IllegalArgumentException naming the key of what is wrong with its queue
   */
  RetrainingQueue queueFor(Model model) {
    RetrainingTarget target = policy(model).queue();
    Owner owner = new Owner(model.name(), target);
    RetrainingQueue queue = queues.computeIfAbsent(owner, this::create);
    // A model that was configured anew has one queue, not all that it ever had.
    queues.keySet().removeIf(other -> other.model().equals(model.name()) && !other.equals(owner));
    return queue;
  }

  private static RetrainingPolicy policy(Model model) {
    return model.retraining().orElseThrow();
  }

  private RetrainingQueue create(Owner owner) {
    if (owner.target() instanceof Kubernetes kubernetes) {
      return new KubernetesQueue(cluster, kubernetes, clock);
    }
    if (owner.target() instanceof PubSub pubSub) {
      return new PubSubQueue(publisher.get(), pubSub.topic(), PUBLISH_TIMEOUT);
    }
    return http((Http) owner.target(), key(owner.model()) + ".http");
  }

  private static String key(String model) {
    return "model-refresh.models." + model + ".retraining";
  }

  private HttpQueue http(Http settings, String key) {
    HttpClient client =
        clients.computeIfAbsent(settings.tlsConfigurationName(), name -> client(name, key));
    return new HttpQueue(client, settings, token(settings.authentication(), key), key);
  }

  private HttpClient client(Optional<String> tlsName, String key) {
    // Requests are rare, so a kept connection would be found closed more often than not.
    HttpClientOptions options =
        new HttpClientOptions().setConnectTimeout(CONNECT_TIMEOUT_MILLIS).setKeepAlive(false);
    tlsName.ifPresent(
        name ->
            TlsConfigUtils.configure(
                options,
                tls.get(name)
                    .orElseThrow(
                        () ->
                            new IllegalArgumentException(
                                "%s.tls-configuration-name: there is no quarkus.tls.%s.*, add it"
                                    .formatted(key, name)))));
    return vertx.createHttpClient(options);
  }

  private Optional<Uni<String>> token(Authentication authentication, String key) {
    if (authentication instanceof Authentication.BearerFile bearer) {
      return Optional.of(
          new BearerToken(new MountedFile(vertx, key + ".bearer-token-file", bearer.file()))
              .read());
    }
    if (authentication instanceof Authentication.Google) {
      return Optional.of(Uni.createFrom().deferred(googleToken::get));
    }
    return Optional.empty();
  }

  /**
   * What is wrong with the templates of these models, as far as it shows without asking a server;
   * each problem names the key or the file and, where it is known, the line. Blocks for the files.
   */
  List<String> problems(Collection<Model> models) {
    List<String> problems = new ArrayList<>();
    for (Model model : models) {
      if (model.retraining().isPresent()) {
        try {
          check(model);
        } catch (IllegalArgumentException e) {
          problems.add(e.getMessage());
        }
      }
    }
    return problems;
  }

  private void check(Model model) {
    if (policy(model).queue() instanceof Kubernetes kubernetes
        && kubernetes.source() instanceof Source.TemplateFile template) {
      String key = key(model.name()) + ".kubernetes.template-file";
      try {
        new ResourceTemplate(template.file()).check(model.name());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
      }
    }
    if (queueFor(model) instanceof HttpQueue http) {
      http.check(model.name());
    }
  }

  @Override
  public void close() {
    clients.values().forEach(HttpClient::close);
    cluster.close();
  }
}
