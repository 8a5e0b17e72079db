package io.modelrefresh.emulator;

import com.google.protobuf.Empty;
import com.google.protobuf.util.FieldMaskUtil;
import com.google.protobuf.util.Timestamps;
import com.google.pubsub.v1.AcknowledgeRequest;
import com.google.pubsub.v1.DeleteSubscriptionRequest;
import com.google.pubsub.v1.GetSubscriptionRequest;
import com.google.pubsub.v1.ListSubscriptionsRequest;
import com.google.pubsub.v1.ListSubscriptionsResponse;
import com.google.pubsub.v1.ModifyAckDeadlineRequest;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.PullResponse;
import com.google.pubsub.v1.SeekRequest;
import com.google.pubsub.v1.SeekResponse;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import com.google.pubsub.v1.SubscriberGrpc;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.UpdateSubscriptionRequest;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The protocol's {@code google.pubsub.v1.Subscriber}: checks requests, leaves the work to others.
 */
final class SubscriberService extends SubscriberGrpc.SubscriberImplBase {

  private static final Set<String> CHANGEABLE =
      Set.of(
          "ack_deadline_seconds",
          "dead_letter_policy",
          "enable_exactly_once_delivery",
          "expiration_policy",
          "labels",
          "message_retention_duration",
          "push_config",
          "retain_acked_messages",
          "retry_policy");

  private static final int MAX_ACK_REQUEST_BYTES = 512 * 1024;

  /** A Pull without messages is answered empty after this, or shortly before its own deadline. */
  private static final long MAX_PULL_WAIT_MILLIS = 20_000;

  private static final long PULL_DEADLINE_MARGIN_MILLIS = 100;

  private final Resources resources;
  private final Gate gate;

  SubscriberService(Resources resources, Gate gate) {
    this.resources = resources;
    this.gate = gate;
  }

  @Override
  public void createSubscription(Subscription request, StreamObserver<Subscription> observer) {
    gate.answer("CreateSubscription", request.getName(), observer, () -> resources.create(request));
  }

  @Override
  public void getSubscription(
      GetSubscriptionRequest request, StreamObserver<Subscription> observer) {
    String name = request.getSubscription();
    gate.answer("GetSubscription", name, observer, () -> resources.subscription(name).settings());
  }

  @Override
  public void updateSubscription(
      UpdateSubscriptionRequest request, StreamObserver<Subscription> observer) {
    Subscription changed = request.getSubscription();
    gate.answer(
        "UpdateSubscription",
        changed.getName(),
        observer,
        () -> {
          var mask = UpdateMask.check(request.getUpdateMask(), Subscription.class, CHANGEABLE);
          return resources.updateSubscription(
              changed.getName(),
              current -> {
                var merged = current.toBuilder();
                FieldMaskUtil.merge(mask, changed, merged, UpdateMask.REPLACE);
                return merged.build();
              });
        });
  }

  @Override
  public void listSubscriptions(
      ListSubscriptionsRequest request, StreamObserver<ListSubscriptionsResponse> observer) {
    String project = request.getProject();
    gate.answer(
        "ListSubscriptions",
        project,
        observer,
        () -> {
          String prefix = ResourceNames.requireProject(project) + "/";
          var found =
              resources.subscriptions().stream()
                  .map(SubscriptionState::settings)
                  .filter(subscription -> subscription.getName().startsWith(prefix));
          var page =
              Page.of(found, Subscription::getName, request.getPageSize(), request.getPageToken());
          return ListSubscriptionsResponse.newBuilder()
              .addAllSubscriptions(page.items())
              .setNextPageToken(page.nextToken())
              .build();
        });
  }

  @Override
  public void deleteSubscription(
      DeleteSubscriptionRequest request, StreamObserver<Empty> observer) {
    String name = request.getSubscription();
    gate.answer(
        "DeleteSubscription",
        name,
        observer,
        () -> {
          resources.deleteSubscription(name);
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void acknowledge(AcknowledgeRequest request, StreamObserver<Empty> observer) {
    String name = request.getSubscription();
    gate.answer(
        "Acknowledge",
        name,
        observer,
        () -> {
          SubscriptionState subscription = resources.subscription(name);
          requireAckIds(request.getAckIdsCount(), request.getSerializedSize());
          return confirmed(subscription.acknowledge(decode(request.getAckIdsList())));
        });
  }

  @Override
  public void modifyAckDeadline(ModifyAckDeadlineRequest request, StreamObserver<Empty> observer) {
    String name = request.getSubscription();
    gate.answer(
        "ModifyAckDeadline",
        name,
        observer,
        () -> {
          SubscriptionState subscription = resources.subscription(name);
          requireAckIds(request.getAckIdsCount(), request.getSerializedSize());
          requireLeaseSeconds(request.getAckDeadlineSeconds());
          return confirmed(
              subscription.modifyDeadline(
                  decode(request.getAckIdsList()), request.getAckDeadlineSeconds()));
        });
  }

  @Override
  @SuppressWarnings(
      "deprecation") // return_immediately: deprecated for clients, served all the same
  public void pull(PullRequest request, StreamObserver<PullResponse> observer) {
    var responses = (ServerCallStreamObserver<PullResponse>) observer;
    // Set before the call returns, as gRPC demands; a delayed call only knows its state later.
    responses.setOnCancelHandler(() -> {});
    var deadline = Context.current().getDeadline();
    long waitMillis =
        deadline == null
            ? MAX_PULL_WAIT_MILLIS
            : Math.min(
                MAX_PULL_WAIT_MILLIS,
                deadline.timeRemaining(TimeUnit.MILLISECONDS) - PULL_DEADLINE_MARGIN_MILLIS);
    gate.enter(
        "Pull",
        request.getSubscription(),
        observer::onError,
        () -> {
          SubscriptionState subscription = resources.subscription(request.getSubscription());
          if (request.getMaxMessages() < 1) {
            throw Refusal.invalid("max_messages must be at least 1.");
          }
          var call = new PullCall(responses, request.getMaxMessages());
          var now = subscription.pull(call);
          if (!now.isEmpty() || request.getReturnImmediately() || waitMillis <= 0) {
            call.send(now);
          } else {
            await(call, subscription, waitMillis);
          }
        });
  }

  private void await(PullCall call, SubscriptionState subscription, long waitMillis) {
    if (!subscription.open(call)) {
      throw Refusal.notFound(subscription.settings().getName());
    }
    gate.timer()
        .schedule(
            () -> {
              if (subscription.close(call)) {
                call.send(List.of());
              }
            },
            waitMillis,
            TimeUnit.MILLISECONDS);
  }

  @Override
  public StreamObserver<StreamingPullRequest> streamingPull(
      StreamObserver<StreamingPullResponse> observer) {
    return new StreamingPullCall(
        (ServerCallStreamObserver<StreamingPullResponse>) observer, resources, gate);
  }

  @Override
  public void seek(SeekRequest request, StreamObserver<SeekResponse> observer) {
    String name = request.getSubscription();
    gate.answer(
        "Seek",
        name,
        observer,
        () -> {
          SubscriptionState subscription = resources.subscription(name);
          if (!request.hasTime()) {
            throw Refusal.unsupported("The embedded emulator seeks to a time, not to snapshots.");
          }
          subscription.seek(Timestamps.toMillis(request.getTime()));
          return SeekResponse.getDefaultInstance();
        });
  }

  static void requireLeaseSeconds(int seconds) {
    if (seconds < 0 || seconds > SubscriptionSettings.MAX_ACK_DEADLINE_SECONDS) {
      throw Refusal.invalid(
          "Invalid ack deadline given (ack_deadline=" + seconds + "): 0 to 600 seconds.");
    }
  }

  private static void requireAckIds(int count, int requestBytes) {
    if (count == 0) {
      throw Refusal.invalid("No ack ids specified: at least 1.");
    }
    if (requestBytes > MAX_ACK_REQUEST_BYTES) {
      throw Refusal.invalid(
          "Request payload size exceeds the limit: " + MAX_ACK_REQUEST_BYTES + " bytes.");
    }
  }

  private static Empty confirmed(List<String> stale) {
    if (!stale.isEmpty()) {
      throw Refusal.staleAckIds(stale);
    }
    return Empty.getDefaultInstance();
  }

  private static List<AckId> decode(Collection<String> ackIds) {
    return ackIds.stream().map(AckId::decode).toList();
  }
}
