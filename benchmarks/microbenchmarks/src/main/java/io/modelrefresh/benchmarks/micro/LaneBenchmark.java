package io.modelrefresh.benchmarks.micro;

import io.modelrefresh.catalog.Model;
import io.modelrefresh.refresh.Arrival;
import io.modelrefresh.refresh.Backoff;
import io.modelrefresh.refresh.Delivery;
import io.modelrefresh.refresh.Disposition;
import io.modelrefresh.refresh.HeldMessage;
import io.modelrefresh.refresh.HeldMessages;
import io.modelrefresh.refresh.LaneContext;
import io.modelrefresh.refresh.Lanes;
import io.modelrefresh.refresh.RefreshListeners;
import io.modelrefresh.serving.LoadOutcome;
import io.modelrefresh.serving.Replica;
import io.modelrefresh.serving.ReplicaDiscovery;
import io.modelrefresh.serving.ReplicaLoader;
import io.modelrefresh.update.FeatureUpdate;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What a lane does with an arrival, held and let go of as the agent does it: while a rollout is
 * under way, so that it only coalesces; and idle, so that it goes through a whole rollout on one
 * replica that loads at once.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LaneBenchmark {

  private static final Delivery NOWHERE =
      new Delivery() {
        @Override
        public void ack() {}

        @Override
        public void nack(String reason) {}

        @Override
        public void supersede() {}
      };

  private static final int IDS = 1 << 17;

  private final String[] ids = new String[IDS];
  private final FeatureUpdate update = Sample.update("view_0");
  private final Model model = Catalogs.of(1).models().iterator().next();
  private final HeldMessages messages = new HeldMessages();
  private final Clock clock = Clock.systemUTC();
  private Lanes idle;
  private Lanes loading;
  private UniEmitter<? super LoadOutcome> underWay;
  private int next;

  @Setup(Level.Trial)
  public void setUp() {
    for (int i = 0; i < IDS; i++) {
      ids[i] = Long.toString(9_000_000_000_000_000L + i);
    }
    idle = lanes((replica, request) -> Uni.createFrom().item(new LoadOutcome.Confirmed()));
    loading = lanes((replica, request) -> Uni.createFrom().emitter(load -> underWay = load));
    arriveAt(loading);
    if (underWay == null) {
      throw new IllegalStateException("no rollout is under way");
    }
  }

  private Lanes lanes(ReplicaLoader loader) {
    Set<Replica> replicas = Set.of(new Replica("http", "127.0.0.1", 8000));
    ReplicaDiscovery discovery = () -> Uni.createFrom().item(replicas);
    LaneContext context =
        new LaneContext(
            "benchmark",
            clock,
            (delay, task) -> () -> {},
            new Backoff(Duration.ofMillis(500), Duration.ofMinutes(1), () -> 42),
            () -> 0,
            new RefreshListeners(List.of()));
    return new Lanes(
        List.of(model), served -> discovery, served -> loader, context, Duration.ofMinutes(1));
  }

  @Benchmark
  public Disposition coalesce() {
    return arriveAt(loading);
  }

  @Benchmark
  public Disposition refresh() {
    return arriveAt(idle);
  }

  private Disposition arriveAt(Lanes lanes) {
    HeldMessage message = messages.hold(ids[next++ & IDS - 1], NOWHERE);
    Arrival arrival = Arrival.of(lanes.nextSequence(), clock.instant(), update, message);
    Disposition disposition = lanes.offer(model, arrival);
    message.release();
    return disposition;
  }
}
