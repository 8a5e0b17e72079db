package io.modelrefresh.refresh;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** One lane for each model of the catalog. Thread-safe. */
public final class Lanes {

  private static final Logger LOG = Logger.getLogger(Lanes.class);

  private final Map<String, Lane> lanes = new ConcurrentSkipListMap<>();

  /** Lanes of models that are gone, while a load they began is under way. */
  private final Map<String, Lane> ending = new ConcurrentHashMap<>();

  private final Function<Model, ReplicaDiscovery> discovery;
  private final Function<Model, ReplicaLoader> loader;
  private final LaneContext context;
  private final Duration resyncInterval;
  private final AtomicLong sequence = new AtomicLong();

  /** By name, as the lanes have them. Guarded by this, as all below. */
  private final Map<String, Served> served = new TreeMap<>();

  private boolean started;
  private boolean closed;

  /**
   * @param discovery gives a discovery that nobody else closes
   * @param resyncInterval how often each lane reads its replicas again, with nothing owed
   * @throws IllegalArgumentException when a model cannot be served as configured
   */
  public Lanes(
      Collection<Model> models,
      Function<Model, ReplicaDiscovery> discovery,
      Function<Model, ReplicaLoader> loader,
      LaneContext context,
      Duration resyncInterval) {
    this.discovery = discovery;
    this.loader = loader;
    this.context = context;
    this.resyncInterval = resyncInterval;
    prepare(models).run();
  }

  /** Pays what models owe on start, and begins to resync. Call once. */
  public synchronized void start() {
    started = true;
    for (Served start : served.values()) {
      Lane lane = lanes.get(start.model().name());
      switch (start.model().refresh().onStart()) {
        case ALWAYS -> lane.oweOnStart(nextSequence());
        case IF_UNKNOWN -> lane.oweUnlessCovered(nextSequence());
        case NEVER -> {}
      }
      follow(start.model(), lane);
    }
  }

  /**
   * Makes ready for another set of models. Those that are new have a lane from now on, which takes
   * arrivals in and loads nothing yet.
   *
   * @return to be run, once, when updates are planned by the new set: changed models go on as they
   *     are now, new ones owe one refresh, and what those that are gone owe is settled as ignored
   * @throws IllegalArgumentException when a model cannot be served as configured; nothing has
   *     changed then
   */
  public synchronized Runnable prepare(Collection<Model> models) {
    Map<String, Served> next = new TreeMap<>();
    List<ReplicaDiscovery> opened = new ArrayList<>();
    try {
      for (Model model : models) {
        next.put(model.name(), serve(model, opened));
      }
    } catch (RuntimeException e) {
      opened.forEach(ReplicaDiscovery::close);
      throw e;
    }
    next.forEach((name, model) -> lanes.computeIfAbsent(name, key -> laneOf(model)));
    return () -> apply(next);
  }

  private Lane laneOf(Served model) {
    Lane lane = new Lane(model, context);
    Optional.ofNullable(ending.get(model.model().name())).ifPresent(lane::startAfter);
    if (closed) {
      lane.close();
    }
    return lane;
  }

  private Served serve(Model model, List<ReplicaDiscovery> opened) {
    Served before = served.get(model.name());
    if (before != null && before.model().server().equals(model.server())) {
      return new Served(model, before.discovery(), before.loader());
    }
    ReplicaLoader loads = loader.apply(model);
    ReplicaDiscovery finds = discovery.apply(model);
    opened.add(finds);
    return new Served(model, finds, loads);
  }

  private synchronized void apply(Map<String, Served> next) {
    for (String name : List.copyOf(served.keySet())) {
      if (!next.containsKey(name)) {
        served.remove(name);
        end(name, lanes.remove(name));
        tell(listener -> listener.forgets(name));
      }
    }
    next.forEach(
        (name, model) -> {
          Optional<Served> before = Optional.ofNullable(served.put(name, model));
          if (!before.equals(Optional.of(model))) {
            apply(before, model);
          }
        });
  }

  private void end(String name, Lane lane) {
    ending.put(name, lane);
    lane.ended().thenRun(() -> ending.remove(name, lane));
    lane.remove();
  }

  private void apply(Optional<Served> before, Served model) {
    String name = model.model().name();
    if (!started) {
      // Nothing has arrived and nothing may be loaded: start() sees to what is owed.
      lanes.put(name, new Lane(model, context));
      before.filter(other -> !model.isAt(other)).ifPresent(other -> other.discovery().close());
      return;
    }
    Lane lane = lanes.get(name);
    if (before.isPresent()) {
      lane.change(model, nextSequence());
      tell(listener -> listener.follows(model.model(), lane::status));
    } else {
      lane.owe(nextSequence());
      follow(model.model(), lane);
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
    Lane lane = lanes.get(model.name());
    return lane == null ? Disposition.NO_SUCH_MODEL : lane.offer(arrival);
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

  /**
   * Starts no further rollout, and gives back what no rollout under way will settle.
   *
   * @return completes when none is under way any more, of no model, whether or not a message waits
   *     for it
   */
  public synchronized CompletionStage<Void> close() {
    closed = true;
    lanes.values().forEach(Lane::close);
    return CompletableFuture.allOf(
        Stream.of(lanes, ending)
            .flatMap(all -> all.values().stream())
            .map(lane -> lane.ended().toCompletableFuture())
            .toArray(CompletableFuture[]::new));
  }

  /** Every lane's status, by model name. */
  public List<LaneStatus> statuses() {
    return lanes.values().stream().map(Lane::status).toList();
  }

  /** One lane's status; empty when there is no such model. */
  public Optional<LaneStatus> status(String model) {
    return Optional.ofNullable(lanes.get(model)).map(Lane::status);
  }

  private void follow(Model model, Lane lane) {
    tell(listener -> listener.follows(model, lane::status));
    lane.follow();
    resyncLater(lane);
  }

  private void tell(Consumer<RefreshListener> news) {
    try {
      news.accept(context.listener());
    } catch (RuntimeException e) {
      LOG.error("A listener to refreshes failed", e);
    }
  }

  private void resyncLater(Lane lane) {
    Duration jittered =
        new Backoff(resyncInterval, resyncInterval, context.backoff().random()).after(1);
    context.timer().after(jittered, () -> resync(lane));
  }

  private void resync(Lane lane) {
    if (lane.resync()) {
      resyncLater(lane);
    }
  }
}
