package io.modelrefresh.pubsub;

/** With {@code exactly-once}: the server did not confirm an ack; it will deliver again. */
public final class AckNotConfirmedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  AckNotConfirmedException(String why) {
    super("Pub/Sub did not confirm the acknowledgement: " + why);
  }
}
