package io.modelrefresh.soak;

import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import io.modelrefresh.update.CloudEventAttributes;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What a message says, known to the oracle from before it was encoded.
 *
 * @param drift 0 for none
 */
record Update(
    Sort sort,
    String view,
    List<String> features,
    String change,
    double drift,
    Form form,
    int size) {

  enum Sort {
    UPDATE,
    POISON,
    OTHER_TYPE,
    OTHER_VIEW
  }

  enum Form {
    BARE,
    BINARY,
    STRUCTURED
  }

  private static final int ONE_IN = 100;
  private static final int HUGE = 1_000_000;

  private static final List<String> POISONS =
      List.of(
          "{\"feature_view\": 42}",
          "{\"feature_view\": \"v1\", \"change\": \"rename\"}",
          "{\"feature_view\": \"v1\"",
          "",
          "\u0000\u0001",
          "[]");

  static Update drawn(Random random, int views) {
    Sort sort =
        switch (random.nextInt(ONE_IN)) {
          case 0 -> Sort.POISON;
          case 1 -> Sort.OTHER_TYPE;
          case 2 -> Sort.OTHER_VIEW;
          default -> Sort.UPDATE;
        };
    String view = sort == Sort.OTHER_VIEW ? "unheard-of" : "v" + random.nextInt(views);
    List<String> features =
        switch (random.nextInt(4)) {
          case 0 -> List.of("age");
          case 1 -> List.of("income");
          case 2 -> List.of("age", "income");
          default -> List.of();
        };
    int roll = random.nextInt(ONE_IN);
    String change = roll < 3 ? "schema" : roll < 4 ? "delete" : "values";
    double drift = random.nextInt(20) == 0 ? random.nextInt(40) / 100.0 : 0;
    Form form = Form.values()[random.nextInt(Form.values().length)];
    int size = random.nextInt(4 * ONE_IN) == 0 ? HUGE : 0;
    return new Update(sort, view, features, change, drift, form, size);
  }

  /**
   * @param attribute by which it is known again
   */
  PubsubMessage message(Map.Entry<String, String> attribute, Random random) {
    PubsubMessage.Builder message =
        PubsubMessage.newBuilder().putAttributes(attribute.getKey(), attribute.getValue());
    if (sort == Sort.POISON) {
      String poison = POISONS.get(random.nextInt(POISONS.size()));
      return message.setData(ByteString.copyFromUtf8(poison + " ".repeat(size))).build();
    }
    String data = data(random);
    switch (form) {
      case BARE -> {
        if (sort == Sort.OTHER_TYPE) {
          message.putAttributes(CloudEventAttributes.TYPE, "some.other.event");
        }
        message.setData(ByteString.copyFromUtf8(data));
      }
      case BINARY ->
          message
              .putAttributes(CloudEventAttributes.TYPE, type())
              .putAttributes(CloudEventAttributes.ID, attribute.getValue())
              .putAttributes(CloudEventAttributes.SOURCE, "//soak")
              .putAttributes(CloudEventAttributes.SPECVERSION, "1.0")
              .putAttributes(CloudEventAttributes.CONTENT_TYPE, "application/json")
              .setData(ByteString.copyFromUtf8(data));
      case STRUCTURED ->
          message
              .putAttributes(
                  CloudEventAttributes.CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
              .setData(
                  ByteString.copyFromUtf8(
                      """
                      {"specversion": "1.0", "id": "%s", "source": "//soak", "type": "%s",
                       "datacontenttype": "application/json", "data": %s}
                      """
                          .formatted(attribute.getValue(), type(), data)));
    }
    return message.build();
  }

  private String type() {
    return sort == Sort.OTHER_TYPE ? "some.other.event" : CloudEventAttributes.FEATURE_VIEW_UPDATED;
  }

  /** Event times are anywhere: backfills, and clocks that are wrong. */
  private String data(Random random) {
    Instant eventTime = Instant.now().minusSeconds(random.nextInt(7 * 86_400) - 3_600L);
    StringBuilder json = new StringBuilder("{\"feature_view\": \"" + view + '"');
    json.append(", \"event_timestamp\": \"").append(eventTime).append('"');
    json.append(", \"change\": \"").append(change).append('"');
    if (!features.isEmpty()) {
      json.append(", \"features\": [\"").append(String.join("\", \"", features)).append("\"]");
    }
    if (drift > 0) {
      json.append(", \"drift\": {\"metric\": \"psi\", \"value\": ").append(drift).append('}');
    }
    if (size > 0) {
      json.append(", \"padding\": \"").append("x".repeat(size)).append('"');
    }
    return json.append('}').toString();
  }

  boolean refreshes() {
    return sort == Sort.UPDATE && !change.equals("delete");
  }
}
