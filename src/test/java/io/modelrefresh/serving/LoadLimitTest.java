package io.modelrefresh.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.modelrefresh.Patience;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LoadLimitTest {

  private static final LoadRequest REQUEST =
      new LoadRequest("r", Optional.empty(), List.of(), true);

  /** Before a server that has a turn is asked whether it answers. */
  private static final Duration MOMENT = Duration.ofMillis(5);

  private final List<String> started = new CopyOnWriteArrayList<>();
  private final List<UniEmitter<? super LoadOutcome>> running = new CopyOnWriteArrayList<>();
  private final List<LoadOutcome> outcomes = new ArrayList<>();
  private final Set<String> silent = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> looksAt = new ConcurrentHashMap<>();
  private final AtomicInteger looks = new AtomicInteger();

  /** Starts when told to, ends when the test completes it. */
  private final ReplicaLoader loader =
      new ReplicaLoader() {
        @Override
        public Uni<LoadOutcome> load(Replica replica, LoadRequest request) {
          return Uni.createFrom()
              .emitter(
                  emitter -> {
                    running.add(emitter);
                    started.add(replica.host());
                  });
        }

        @Override
        public Uni<Boolean> answers(Replica replica) {
          return Uni.createFrom()
              .item(
                  () -> {
                    looksAt.merge(replica.host(), 1, Integer::sum);
                    looks.incrementAndGet();
                    return !silent.contains(replica.host());
                  });
        }
      };

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
  void serversThatAnswerNothingGiveTheirTurnsOnHoweverManyTheyAre() {
    ReplicaLoader limited = new LoadLimit(2, MOMENT).limit(loader);
    silent.addAll(List.of("hanging", "too"));

    for (String host : List.of("hanging", "too", "a", "b", "c")) {
      load(limited, host);
    }
    await().until(() -> started.size() == 4);
    assertThat(started).containsExactly("hanging", "too", "a", "b");

    end(0);
    end(1);
    assertThat(started).as("no turn is given on twice").hasSize(4);
    end(2);
    assertThat(started).containsExactly("hanging", "too", "a", "b", "c");
  }

  @Test
  void aServerThatHangsLaterGivesItsTurnOnThen() {
    ReplicaLoader limited = new LoadLimit(1, MOMENT).limit(loader);

    load(limited, "slow");
    load(limited, "a");
    await().until(() -> looks.get() > 2);
    assertThat(started).as("one that answers keeps its turn").containsExactly("slow");
    silent.add("slow");

    await().until(() -> started.size() == 2);
  }

  @Test
  void aServerThatAnswersNothingHasNoMoreLoadsThanAnother() {
    ReplicaLoader limited = new LoadLimit(4, MOMENT).limit(loader);
    silent.add("hanging");

    for (String host : List.of("hanging", "hanging", "a", "b", "c", "d")) {
      load(limited, host);
    }

    await().until(() -> started.size() == 5);
    assertThat(started).containsExactly("hanging", "a", "b", "c", "d");
  }

  @Test
  void aServerWhoseLoadIsOverIsAskedNothingMore() {
    ReplicaLoader limited = new LoadLimit(1, MOMENT).limit(loader);
    load(limited, "a");
    await().until(() -> looks.get() > 0);
    end(0);
    int before = looks.get();

    load(limited, "b");
    await().until(() -> looksAt.getOrDefault("b", 0) > 2);

    assertThat(looks.get() - looksAt.get("b")).isLessThanOrEqualTo(before + 1);
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
    load(limited, "x"); // What Mutiny sets up once, it does not set up from several threads.
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

    assertThat(done.await(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
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
