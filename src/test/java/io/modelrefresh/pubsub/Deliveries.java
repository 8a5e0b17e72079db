package io.modelrefresh.pubsub;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A fake receiver and a fake wire: makes deliveries and remembers what became of each, by message
 * id.
 */
final class Deliveries implements Delivery.Listener, Delivery.Wire {

  static final long LEASE_MILLIS = 60_000;

  final List<String> acked = new CopyOnWriteArrayList<>();
  final List<String> nacked = new CopyOnWriteArrayList<>();
  final List<String> released = new CopyOnWriteArrayList<>();
  final List<String> abandoned = new CopyOnWriteArrayList<>();
  final List<String> expired = new CopyOnWriteArrayList<>();
  final List<String> settledAgain = new CopyOnWriteArrayList<>();
  final List<String> onTheWire = new CopyOnWriteArrayList<>();

  Delivery delivery(String id) {
    return delivery(id, "", 0);
  }

  Delivery delivery(String id, String orderingKey, long receivedAtMillis) {
    var received =
        ReceivedMessage.newBuilder()
            .setAckId(id)
            .setMessage(
                PubsubMessage.newBuilder()
                    .setMessageId(id)
                    .setOrderingKey(orderingKey)
                    .setData(ByteString.copyFromUtf8("message " + id)))
            .build();
    return new Delivery(received, this, this, receivedAtMillis, receivedAtMillis + LEASE_MILLIS);
  }

  @Override
  public CompletionStage<Void> ack(String ackId) {
    onTheWire.add("ack " + ackId);
    return Delivery.SETTLED;
  }

  @Override
  public CompletionStage<Void> nack(String ackId) {
    onTheWire.add("nack " + ackId);
    return Delivery.SETTLED;
  }

  static Delivery ignoringReplies() {
    return new Deliveries().delivery("any");
  }

  static List<String> ids(Iterable<Delivery> deliveries) {
    var ids = new ArrayList<String>();
    deliveries.forEach(delivery -> ids.add(delivery.message().getMessageId()));
    return ids;
  }

  @Override
  public void acked(Delivery delivery) {
    acked.add(delivery.message().getMessageId());
  }

  @Override
  public void nacked(Delivery delivery) {
    nacked.add(delivery.message().getMessageId());
  }

  @Override
  public void released(Delivery delivery) {
    released.add(delivery.message().getMessageId());
  }

  @Override
  public void abandoned(Delivery delivery) {
    abandoned.add(delivery.message().getMessageId());
  }

  @Override
  public void expired(Delivery delivery) {
    expired.add(delivery.message().getMessageId());
  }

  @Override
  public void settledAgain(Delivery delivery) {
    settledAgain.add(delivery.message().getMessageId());
  }
}
