package io.modelrefresh.benchmarks.firehose;

import com.google.pubsub.v1.GetTopicRequest;
import com.google.pubsub.v1.PublisherGrpc;
import com.google.pubsub.v1.Topic;
import io.grpc.stub.StreamObserver;

/** google.pubsub.v1.Publisher, for clients that look for their topic or create it. */
final class PublisherService extends PublisherGrpc.PublisherImplBase {

  @Override
  public void getTopic(GetTopicRequest request, StreamObserver<Topic> answer) {
    answer.onNext(Topic.newBuilder().setName(request.getTopic()).build());
    answer.onCompleted();
  }

  @Override
  public void createTopic(Topic request, StreamObserver<Topic> answer) {
    answer.onNext(request);
    answer.onCompleted();
  }
}
