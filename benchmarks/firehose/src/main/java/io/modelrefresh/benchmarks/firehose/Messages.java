package io.modelrefresh.benchmarks.firehose;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.StreamingPullResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Locale;
import java.util.Random;

/**
 * All messages of a run, serialised before it: each as one {@code received_messages} entry of a
 * {@link StreamingPullResponse}, so that neighbours need only be copied to make a response. Message
 * i says so in the last eight digits of its ack id.
 */
final class Messages {

  private static final int SEGMENT = 1_000;
  private static final int KEYS = 1_000;
  private static final String ACK_ID_ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  private final byte[][] segments;
  private final int[] offset;
  private final int[] length;

  Messages(Options options) throws IOException {
    int total = options.messages();
    segments = new byte[(total + SEGMENT - 1) / SEGMENT][];
    offset = new int[total];
    length = new int[total];
    String ackIdPrefix = ackIdPrefix(options.ackIdLength());
    String[] views = views(options.views());
    ByteString[] bodies = new ByteString[Math.max(KEYS, views.length)];
    for (int key = 0; key < bodies.length; key++) {
      bodies[key] = body(key, views[key % views.length], options.bodyBytes());
    }
    Timestamp published =
        Timestamp.newBuilder().setSeconds(System.currentTimeMillis() / 1_000).build();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < total; i++) {
      PubsubMessage message =
          PubsubMessage.newBuilder()
              .setData(bodies[i % bodies.length])
              .putAttributes("feature_view", views[i % bodies.length % views.length])
              .putAttributes("content-type", "application/json")
              .putAttributes("schema", "1")
              .setMessageId(Long.toString(9_000_000_000_000_000L + i))
              .setPublishTime(published)
              .build();
      offset[i] = out.size();
      StreamingPullResponse.newBuilder()
          .addReceivedMessages(
              ReceivedMessage.newBuilder()
                  .setAckId(ackIdPrefix + "%08x".formatted(i))
                  .setMessage(message))
          .build()
          .writeTo(out);
      length[i] = out.size() - offset[i];
      if ((i + 1) % SEGMENT == 0 || i + 1 == total) {
        segments[i / SEGMENT] = out.toByteArray();
        out.reset();
      }
    }
  }

  private static String ackIdPrefix(int ackIdLength) {
    Random random = new Random(7);
    StringBuilder prefix = new StringBuilder();
    while (prefix.length() < ackIdLength - 8) {
      prefix.append(ACK_ID_ALPHABET.charAt(random.nextInt(ACK_ID_ALPHABET.length())));
    }
    return prefix.toString();
  }

  /** One view bears the name that every consumer's documentation uses, more are numbered. */
  private static String[] views(int count) {
    String[] views = new String[count];
    for (int view = 0; view < count; view++) {
      views[view] = count == 1 ? "driver_hourly_stats" : "view_" + view;
    }
    return views;
  }

  /** Some 195 bytes, and as many entity keys on top as make it the size asked for. */
  private static ByteString body(int key, String view, int bytes) {
    String head =
        "{\"feature_view\":\""
            + view
            + "\",\"entity\":{\"driver_id\":"
            + (1_000 + key)
            + "},\"features\":[\"conv_rate\",\"acc_rate\",\"avg_daily_trips\"],"
            + "\"event_timestamp\":\"2026-11-22T19:%02d:%02d.%03dZ\","
                .formatted(key / 60 % 60, key % 60, key % 1_000)
            + "\"source\":\"batch-materialize\"";
    StringBuilder body = new StringBuilder(head);
    for (int row = 0; body.length() + 24 < bytes; row++) {
      body.append(row == 0 ? ",\"entity_keys\":[" : ",")
          .append(String.format(Locale.ROOT, "{\"driver_id\":%07d}", 1_000_000 + row));
    }
    return ByteString.copyFromUtf8(body.length() > head.length() ? body + "]}" : body + "}");
  }

  int count() {
    return length.length;
  }

  int bytes(int message) {
    return length[message];
  }

  /** The first message after this one that does not lie beside it in memory. */
  int endOfSegment(int message) {
    return Math.min(count(), (message / SEGMENT + 1) * SEGMENT);
  }

  /** The messages from {@code first} up to {@code end}, all of one segment, without a copy. */
  Slice slice(int first, int end) {
    return new Slice(segments[first / SEGMENT], offset[first], offset[end - 1] + length[end - 1]);
  }

  void copy(int message, OutputStream to) throws IOException {
    to.write(segments[message / SEGMENT], offset[message], length[message]);
  }
}
