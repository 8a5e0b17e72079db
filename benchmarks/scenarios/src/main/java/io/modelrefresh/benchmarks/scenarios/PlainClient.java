package io.modelrefresh.benchmarks.scenarios;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Does what a rollout asks of a model's replicas and nothing else: one after the other, a load and
 * the question whether it is ready, with the HTTP client that the agent uses.
 */
final class PlainClient implements AutoCloseable {

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http =
      vertx.createHttpClient(new HttpClientOptions().setMaxPoolSize(16));
  private final Random random = new Random(2);
  private final Fleet fleet;
  private final int models;

  PlainClient(Fleet fleet, int models) {
    this.fleet = fleet;
    this.models = models;
  }

  /** Begins so many rollouts a second, evenly, and times each from its due moment. */
  Histogram run(double rate, int seconds) throws InterruptedException {
    Histogram micros = new ConcurrentHistogram(600_000_000L, 3);
    AtomicLong open = new AtomicLong();
    long start = System.nanoTime();
    long total = (long) (rate * seconds);
    for (long begun = 0; begun < total; begun++) {
      long due = start + (long) (begun / rate * 1e9);
      while (System.nanoTime() < due) {
        LockSupport.parkNanos(due - System.nanoTime());
      }
      open.incrementAndGet();
      rollout(fleet.replicasOf(random.nextInt(models)))
          .onComplete(
              done -> {
                if (done.succeeded()) {
                  micros.recordValue((System.nanoTime() - due) / 1_000);
                }
                open.decrementAndGet();
              });
    }
    for (int waited = 0; open.get() > 0 && waited < 600; waited++) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    if (micros.getTotalCount() < total) {
      throw new IllegalStateException("requests of the plain client failed");
    }
    return micros;
  }

  private Future<Void> rollout(List<String> replicas) {
    Future<Void> done = Future.succeededFuture();
    for (String replica : replicas) {
      done =
          done.compose(before -> request(HttpMethod.POST, replica, "/load/model/0"))
              .compose(loaded -> request(HttpMethod.GET, replica, "/ready/model"));
    }
    return done;
  }

  private Future<Void> request(HttpMethod method, String replica, String path) {
    URI address = URI.create(replica);
    return http.request(
            new RequestOptions()
                .setMethod(method)
                .setHost(address.getHost())
                .setPort(address.getPort())
                .setURI(path))
        .compose(request -> request.send().compose(HttpClientResponse::body))
        .mapEmpty();
  }

  @Override
  public void close() {
    vertx.close();
  }
}
