package io.modelrefresh.emulator;

import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullRequest;
import com.google.pubsub.v1.StreamingPullResponse;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A StreamingPull stream on the generated stub that keeps what it receives and does nothing else by
 * itself. Written by gRPC's thread, read by the test's.
 */
final class OpenStream
    implements ClientResponseObserver<StreamingPullRequest, StreamingPullResponse>, AutoCloseable {

  private final List<StreamingPullResponse> responses = new CopyOnWriteArrayList<>();
  private volatile ClientCallStreamObserver<StreamingPullRequest> requests;
  private volatile Status ended;

  static OpenStream open(PubSubClient client, String subscription) {
    return open(client, request(subscription));
  }

  static OpenStream open(PubSubClient client, StreamingPullRequest.Builder first) {
    var stream = new OpenStream();
    client.streams.streamingPull(stream);
    stream.send(first);
    return stream;
  }

  static StreamingPullRequest.Builder request(String subscription) {
    return StreamingPullRequest.newBuilder()
        .setSubscription(subscription)
        .setStreamAckDeadlineSeconds(60);
  }

  void send(StreamingPullRequest.Builder request) {
    requests.onNext(request.build());
  }

  void acknowledge(ReceivedMessage message) {
    send(StreamingPullRequest.newBuilder().addAckIds(message.getAckId()));
  }

  void nack(ReceivedMessage message) {
    modifyAckDeadline(message, 0);
  }

  void modifyAckDeadline(ReceivedMessage message, int seconds) {
    send(
        StreamingPullRequest.newBuilder()
            .addModifyDeadlineAckIds(message.getAckId())
            .addModifyDeadlineSeconds(seconds));
  }

  List<StreamingPullResponse> responses() {
    return responses;
  }

  List<ReceivedMessage> messages() {
    return responses.stream().flatMap(each -> each.getReceivedMessagesList().stream()).toList();
  }

  List<String> data() {
    return PubSubClient.data(messages());
  }

  Optional<Status> ended() {
    return Optional.ofNullable(ended);
  }

  Optional<Status.Code> endCode() {
    return ended().map(Status::getCode);
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<StreamingPullRequest> call) {
    requests = call;
  }

  @Override
  public void onNext(StreamingPullResponse response) {
    responses.add(response);
  }

  @Override
  public void onError(Throwable error) {
    ended = Status.fromThrowable(error);
  }

  @Override
  public void onCompleted() {
    ended = Status.OK;
  }

  @Override
  public void close() {
    requests.cancel("The test is over.", null);
  }
}
