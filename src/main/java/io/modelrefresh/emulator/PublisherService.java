package io.modelrefresh.emulator;

import com.google.protobuf.Empty;
import com.google.protobuf.util.FieldMaskUtil;
import com.google.pubsub.v1.DeleteTopicRequest;
import com.google.pubsub.v1.GetTopicRequest;
import com.google.pubsub.v1.ListTopicSubscriptionsRequest;
import com.google.pubsub.v1.ListTopicSubscriptionsResponse;
import com.google.pubsub.v1.ListTopicsRequest;
import com.google.pubsub.v1.ListTopicsResponse;
import com.google.pubsub.v1.PublishRequest;
import com.google.pubsub.v1.PublishResponse;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.Topic;
import com.google.pubsub.v1.UpdateTopicRequest;
import io.grpc.stub.StreamObserver;
import java.util.Set;

/**
 * The protocol's {@code google.pubsub.v1.Publisher}: checks requests, leaves the work to others.
 */
final class PublisherService extends PublisherGrpc.PublisherImplBase {

  private static final Set<String> CHANGEABLE =
      Set.of(
          "labels",
          "message_storage_policy",
          "message_retention_duration",
          "schema_settings",
          "kms_key_name");

  private final Resources resources;
  private final Gate gate;

  PublisherService(Resources resources, Gate gate) {
    this.resources = resources;
    this.gate = gate;
  }

  @Override
  public void createTopic(Topic request, StreamObserver<Topic> observer) {
    gate.answer("CreateTopic", request.getName(), observer, () -> resources.create(request));
  }

  @Override
  public void getTopic(GetTopicRequest request, StreamObserver<Topic> observer) {
    String name = request.getTopic();
    gate.answer("GetTopic", name, observer, () -> resources.topic(name).settings());
  }

  @Override
  public void updateTopic(UpdateTopicRequest request, StreamObserver<Topic> observer) {
    Topic changed = request.getTopic();
    gate.answer(
        "UpdateTopic",
        changed.getName(),
        observer,
        () -> {
          var mask = UpdateMask.check(request.getUpdateMask(), Topic.class, CHANGEABLE);
          return resources.update(
              changed.getName(),
              current -> {
                var merged = current.toBuilder();
                FieldMaskUtil.merge(mask, changed, merged, UpdateMask.REPLACE);
                return merged.build();
              });
        });
  }

  @Override
  public void deleteTopic(DeleteTopicRequest request, StreamObserver<Empty> observer) {
    String name = request.getTopic();
    gate.answer(
        "DeleteTopic",
        name,
        observer,
        () -> {
          resources.deleteTopic(name);
          return Empty.getDefaultInstance();
        });
  }

  @Override
  public void listTopics(ListTopicsRequest request, StreamObserver<ListTopicsResponse> observer) {
    String project = request.getProject();
    gate.answer(
        "ListTopics",
        project,
        observer,
        () -> {
          String prefix = ResourceNames.requireProject(project) + "/";
          var topics =
              resources.topics().stream()
                  .map(TopicState::settings)
                  .filter(topic -> topic.getName().startsWith(prefix));
          var page = Page.of(topics, Topic::getName, request.getPageSize(), request.getPageToken());
          return ListTopicsResponse.newBuilder()
              .addAllTopics(page.items())
              .setNextPageToken(page.nextToken())
              .build();
        });
  }

  @Override
  public void listTopicSubscriptions(
      ListTopicSubscriptionsRequest request,
      StreamObserver<ListTopicSubscriptionsResponse> observer) {
    String name = request.getTopic();
    gate.answer(
        "ListTopicSubscriptions",
        name,
        observer,
        () -> {
          var names =
              resources.topic(name).subscriptions().stream()
                  .map(subscription -> subscription.settings().getName())
                  .sorted();
          var page = Page.of(names, each -> each, request.getPageSize(), request.getPageToken());
          return ListTopicSubscriptionsResponse.newBuilder()
              .addAllSubscriptions(page.items())
              .setNextPageToken(page.nextToken())
              .build();
        });
  }

  @Override
  public void publish(PublishRequest request, StreamObserver<PublishResponse> observer) {
    String name = request.getTopic();
    gate.answer(
        "Publish",
        name,
        observer,
        () -> {
          TopicState topic = resources.topic(name);
          MessageRules.check(request);
          return PublishResponse.newBuilder()
              .addAllMessageIds(topic.publish(request.getMessagesList()))
              .build();
        });
  }
}
