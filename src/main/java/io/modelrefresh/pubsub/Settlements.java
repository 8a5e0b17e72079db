package io.modelrefresh.pubsub;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutureCallback;
import com.google.api.core.ApiFutures;
import com.google.api.gax.rpc.ApiException;
import com.google.cloud.pubsub.v1.stub.SubscriberStub;
import com.google.common.collect.Lists;
import com.google.common.collect.Maps;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.Empty;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Tells the server what became of messages: acks, nacks and extensions of leases, many in one call.
 * A call that fails in passing is made again, with backoff; one that fails for good is given up,
 * since Pub/Sub then delivers its messages again.
 *
 * <p>An ack completes at once, because Pub/Sub confirms none; with exactly-once delivery it
 * completes when the server has confirmed it. Such a server names each ack id that it refuses, and
 * accepts the others of the same call ("Exactly-once delivery" in the Pub/Sub documentation).
 *
 * <p>Safe on any thread.
 */
final class Settlements implements Delivery.Wire {

  private static final Logger LOG = Logger.getLogger(Settlements.class);

  private static final Duration FIRST_WAIT = Duration.ofMillis(100);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  /** About a minute: as long as the lease of the messages concerned. */
  private static final int MOST_ATTEMPTS = 12;

  private static final String PERMANENT = "PERMANENT_FAILURE";
  private static final String TRANSIENT = "TRANSIENT_FAILURE";

  private final String subscription;
  private final Supplier<SubscriberStub> stub;
  private final ScheduledExecutorService executor;
  private final Optional<Duration> confirmedWithin;
  private final Map<String, CompletableFuture<Void>> unconfirmed = new ConcurrentHashMap<>();
  private final Outbox acks;
  private final Outbox nacks;

  /** Guarded by this: calls that have not come to their end. */
  private int calls;

  /**
   * @param subscription full name
   * @param stub asked on the executor only: the first time may block
   * @param confirmedWithin present with exactly-once delivery: how long an ack waits for its
   *     confirmation
   */
  Settlements(
      String subscription,
      Supplier<SubscriberStub> stub,
      ScheduledExecutorService executor,
      Optional<Duration> confirmedWithin) {
    this.subscription = subscription;
    this.stub = stub;
    this.executor = executor;
    this.confirmedWithin = confirmedWithin;
    this.acks = new Outbox(executor, ackIds -> begin(this::acknowledge, ackIds));
    this.nacks = new Outbox(executor, ackIds -> begin(modification(Duration.ZERO), ackIds));
  }

  @Override
  public CompletionStage<Void> ack(String ackId) {
    return settle(acks, ackId);
  }

  @Override
  public CompletionStage<Void> nack(String ackId) {
    return settle(nacks, ackId);
  }

  /** Has the server wait that long, from now, before it delivers these again. */
  void extend(List<String> ackIds, Duration lease) {
    Lists.partition(ackIds, Outbox.MOST_IDS).forEach(part -> begin(modification(lease), part));
  }

  /**
   * Sends what waits to be sent, and blocks until the server has answered; false if that took too
   * long.
   */
  boolean awaitSent(Duration timeout) {
    acks.send();
    nacks.send();
    var end = System.nanoTime() + timeout.toNanos();
    synchronized (this) {
      while (calls > 0) {
        var left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          return false;
        }
        try {
          wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return false;
        }
      }
    }
    return true;
  }

  private CompletionStage<Void> settle(Outbox outbox, String ackId) {
    var confirmed =
        confirmedWithin.isPresent()
            ? awaitConfirmation(ackId, confirmedWithin.get())
            : Delivery.SETTLED;
    outbox.add(ackId);
    return confirmed;
  }

  private CompletionStage<Void> awaitConfirmation(String ackId, Duration within) {
    var confirmed = new CompletableFuture<Void>();
    unconfirmed.put(ackId, confirmed);
    executor.schedule(
        () -> refused(ackId, "no answer within " + within),
        within.toMillis(),
        TimeUnit.MILLISECONDS);
    return confirmed;
  }

  private void confirmed(String ackId) {
    var waiting = unconfirmed.remove(ackId);
    if (waiting != null) {
      waiting.complete(null);
    }
  }

  private void refused(String ackId, String why) {
    var waiting = unconfirmed.remove(ackId);
    if (waiting != null) {
      waiting.completeExceptionally(new AckNotConfirmedException(why));
    }
  }

  // ---- Calls, made again until they have succeeded or failed ----

  @FunctionalInterface
  private interface Call {
    ApiFuture<Empty> about(List<String> ackIds);
  }

  private ApiFuture<Empty> acknowledge(List<String> ackIds) {
    return stub.get()
        .acknowledgeCallable()
        .futureCall(
            AcknowledgeRequest.newBuilder()
                .setSubscription(subscription)
                .addAllAckIds(ackIds)
                .build());
  }

  private Call modification(Duration lease) {
    return ackIds ->
        stub.get()
            .modifyAckDeadlineCallable()
            .futureCall(
                ModifyAckDeadlineRequest.newBuilder()
                    .setSubscription(subscription)
                    .setAckDeadlineSeconds((int) lease.toSeconds())
                    .addAllAckIds(ackIds)
                    .build());
  }

  private void begin(Call call, List<String> ackIds) {
    synchronized (this) {
      calls++;
    }
    send(call, ackIds, 1);
  }

  private synchronized void end() {
    calls--;
    notifyAll();
  }

  private void send(Call call, List<String> ackIds, int attempt) {
    try {
      ApiFutures.addCallback(
          call.about(ackIds),
          new ApiFutureCallback<Empty>() {
            @Override
            public void onSuccess(Empty accepted) {
              if (confirmedWithin.isPresent()) {
                ackIds.forEach(Settlements.this::confirmed);
              }
              end();
            }

            @Override
            public void onFailure(Throwable failure) {
              failed(call, ackIds, attempt, failure);
            }
          },
          MoreExecutors.directExecutor());
    } catch (RuntimeException e) {
      failed(call, ackIds, attempt, e);
    }
  }

  private void failed(Call call, List<String> ackIds, int attempt, Throwable failure) {
    var again = toSendAgain(ackIds, failure);
    if (again.isEmpty() || attempt == MOST_ATTEMPTS) {
      again.forEach(ackId -> refused(ackId, failure.getMessage()));
      LOG.debugf(failure, "%s: a call about %d messages failed", subscription, ackIds.size());
      end();
    } else {
      executor.schedule(
          () -> send(call, again, attempt + 1), waitMillis(attempt), TimeUnit.MILLISECONDS);
    }
  }

  /** Tells those who wait for a confirmation what is settled now; returns what is not. */
  private List<String> toSendAgain(List<String> ackIds, Throwable failure) {
    var refusals = refusals(failure);
    if (refusals.isEmpty() && Remedy.passes(failure)) {
      return ackIds;
    }
    var again = new ArrayList<String>();
    for (var ackId : ackIds) {
      var refusal = refusals.get(ackId);
      if (refusals.isEmpty()) {
        refused(ackId, failure.getMessage());
      } else if (refusal == null) {
        confirmed(ackId);
      } else if (refusal.startsWith(TRANSIENT)) {
        again.add(ackId);
      } else {
        refused(ackId, refusal);
      }
    }
    return again;
  }

  /** By ack id; empty if the server did not refuse single ones. */
  private static Map<String, String> refusals(Throwable failure) {
    if (failure instanceof ApiException api
        && api.getErrorDetails() != null
        && api.getErrorDetails().getErrorInfo() != null) {
      return Maps.filterValues(
          api.getErrorDetails().getErrorInfo().getMetadataMap(),
          why -> why.startsWith(PERMANENT) || why.startsWith(TRANSIENT));
    }
    return Map.of();
  }

  private static long waitMillis(int attempt) {
    return Math.min(LONGEST_WAIT.toMillis(), FIRST_WAIT.toMillis() << attempt - 1);
  }
}
