package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LoadLimitTest {

  private static final LoadRequest REQUEST =
      new LoadRequest("r", Optional.empty(), List.of(), true);

  private final List<String> started = new ArrayList<>();
  private final List<UniEmitter<? super LoadOutcome>> running = new ArrayList<>();
  private final List<LoadOutcome> outcomes = new ArrayList<>();

  /** Starts when told to, ends when the test completes it. */
  private final ReplicaLoader loader =
      (replica, request) ->
          Uni.createFrom()
              .emitter(
                  emitter -> {
                    started.add(replica.host());
                    running.add(emitter);
                  });

  @Test
  void noMoreThanTheLimitRunAtOnceAndTheOthersFollowInTheirOrder() {
    ReplicaLoader limited = new LoadLimit(2).limit(loader);

    for (String host : List.of("a", "b", "c", "d")) {
      load(limited, host);
    }
    assertThat(started).containsExactly("a", "b");
    end(0);
    assertThat(started).containsExactly("a", "b", "c");
    end(1);
    end(2);
    end(3);

    assertThat(started).containsExactly("a", "b", "c", "d");
    assertThat(outcomes).hasSize(4);
  }

  @Test
  void theLimitIsSharedByAllLoadersItIsPutOn() {
    LoadLimit limit = new LoadLimit(1);

    load(limit.limit(loader), "a");
    load(limit.limit(loader), "b");

    assertThat(started).containsExactly("a");
    end(0);
    assertThat(started).containsExactly("a", "b");
  }

  @Test
  void oneServerHasAQuarterOfTheTurnsAtMostHoweverManyOfItsModelsWait() {
    ReplicaLoader limited = new LoadLimit(8).limit(loader);

    for (int model = 0; model < 20; model++) {
      load(limited, "hanging");
    }
    load(limited, "alive");

    assertThat(started).containsExactly("hanging", "hanging", "alive");
    end(0);
    assertThat(started).containsExactly("hanging", "hanging", "alive", "hanging");
  }

  @Test
  void serversTakeTheirTurnsInTurnHoweverManyOfOnesModelsWait() {
    ReplicaLoader limited = new LoadLimit(1).limit(loader);

    for (String host : List.of("a", "a", "a", "b", "c")) {
      load(limited, host);
    }
    for (int load = 0; load < 5; load++) {
      end(load);
    }

    assertThat(started).containsExactly("a", "a", "b", "c", "a");
  }

  @Test
  void aLoadThatBreaksGivesItsTurnOn() {
    LoadLimit limit = new LoadLimit(1);
    ReplicaLoader broken =
        (replica, request) -> Uni.createFrom().failure(new IllegalStateException("broken"));

    limit
        .limit(broken)
        .load(new Replica("http", "x", 1), REQUEST)
        .subscribe()
        .with(outcome -> {}, failure -> {});
    load(limit.limit(loader), "a");

    assertThat(started).containsExactly("a");
  }

  @Test
  void loadsFromManyThreadsAllGetTheirTurnAndNeverMoreThanTheLimitAtOnce()
      throws InterruptedException {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ReplicaLoader counting =
        (replica, request) ->
            Uni.createFrom()
                .item(
                    () -> {
                      most.accumulateAndGet(now.incrementAndGet(), Math::max);
                      Thread.yield();
                      now.decrementAndGet();
                      return (LoadOutcome) new LoadOutcome.Confirmed();
                    });
    ReplicaLoader limited = new LoadLimit(3).limit(counting);
    CountDownLatch done = new CountDownLatch(8_000);

    for (int thread = 0; thread < 8; thread++) {
      new Thread(
              () -> {
                for (int i = 0; i < 1_000; i++) {
                  limited
                      .load(new Replica("http", "x", 1), REQUEST)
                      .subscribe()
                      .with(outcome -> done.countDown());
                }
              })
          .start();
    }

    assertThat(done.await(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    assertThat(most.get()).isLessThanOrEqualTo(3);
  }

  private void load(ReplicaLoader limited, String host) {
    limited
        .load(new Replica("http", host, 8000), REQUEST)
        .subscribe()
        .with(outcomes::add, failure -> {});
  }

  private void end(int load) {
    running.get(load).complete(new LoadOutcome.Confirmed());
  }
}
