package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.catalog.RefreshPolicy.OnStart;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;

/** One lane for each model of the catalog. Thread-safe. */
public final class Lanes {

  private final Map<String, Lane> lanes = new TreeMap<>();
  private final Collection<Model> models;
  private final LaneContext context;
  private final Duration resyncInterval;
  private final AtomicLong sequence = new AtomicLong();
  private volatile boolean closed;

  /**
   * @param resyncInterval how often each lane reads its replicas again, with nothing owed
   */
  public Lanes(
      Collection<Model> models,
      Function<Model, ReplicaDiscovery> discovery,
      Function<Model, ReplicaLoader> loader,
      LaneContext context,
      Duration resyncInterval) {
    this.models = List.copyOf(models);
    this.context = context;
    this.resyncInterval = resyncInterval;
    for (Model model : models) {
      lanes.put(
          model.name(), new Lane(model, discovery.apply(model), loader.apply(model), context));
    }
  }

  /** Pays what models owe on start, and begins to resync. Call once. */
  public void start() {
    for (Model model : models) {
      if (model.refresh().onStart() != OnStart.NEVER) {
        lanes.get(model.name()).owe(nextSequence());
      }
      lanes.get(model.name()).follow();
      resyncLater(lanes.get(model.name()));
    }
  }

  /** The place of the next receipt in the order of receipts; taken once for each arrival. */
  public long nextSequence() {
    return sequence.incrementAndGet();
  }

  /**
   * Hands an arrival to a model's lane. The caller keeps its own reference to the message
   * throughout.
   */
  public Disposition offer(Model model, Arrival arrival) {
    return lanes.get(model.name()).offer(arrival);
  }

  /**
   * Makes one model owe one refresh that no update asked for.
   *
   * @return its status; empty when there is no such model
   */
  public Optional<LaneStatus> refresh(String model) {
    return on(model, lane -> lane.owe(nextSequence()));
  }

  /** Lets a model start no rollout until resumed; what arrives for it is owed meanwhile. */
  public Optional<LaneStatus> pause(String model) {
    return on(model, Lane::pause);
  }

  /** Lets a model go on, and owe one refresh. */
  public Optional<LaneStatus> resume(String model) {
    return on(model, lane -> lane.resume(nextSequence()));
  }

  private Optional<LaneStatus> on(String model, Consumer<Lane> step) {
    Optional<Lane> lane = Optional.ofNullable(lanes.get(model));
    lane.ifPresent(step);
    return lane.map(Lane::status);
  }

  /** Makes every model owe one refresh: something may have been published and lost to us. */
  public void oweAll() {
    lanes.values().forEach(lane -> lane.owe(nextSequence()));
  }

  /** Starts no further rollout, and gives back what no rollout under way will settle. */
  public void close() {
    closed = true;
    lanes.values().forEach(Lane::close);
  }

  /** Every lane's status, by model name. */
  public List<LaneStatus> statuses() {
    return lanes.values().stream().map(Lane::status).toList();
  }

  /** One lane's status; empty when there is no such model. */
  public Optional<LaneStatus> status(String model) {
    return Optional.ofNullable(lanes.get(model)).map(Lane::status);
  }

  private void resyncLater(Lane lane) {
    if (!closed) {
      Duration jittered =
          new Backoff(resyncInterval, resyncInterval, context.backoff().random()).after(1);
      context
          .timer()
          .after(
              jittered,
              () -> {
                lane.resync();
                resyncLater(lane);
              });
    }
  }
}
