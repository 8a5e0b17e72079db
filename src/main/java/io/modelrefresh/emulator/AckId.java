package io.modelrefresh.emulator;

/**
 * The opaque id under which one delivery of one message is acked: which life of which subscription,
 * which message, and its how many-eth delivery.
 */
record AckId(String subscription, long sequence, int delivery) {

  String encoded() {
    return subscription
        + '-'
        + Long.toString(sequence, Character.MAX_RADIX)
        + '-'
        + Integer.toString(delivery, Character.MAX_RADIX);
  }

  /**
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT when no subscription ever gave out such
   *     an id
   */
  static AckId decode(String encoded) {
    int last = encoded.lastIndexOf('-');
    int first = encoded.lastIndexOf('-', last - 1);
    if (first < 1) {
      throw malformed(encoded);
    }
    try {
      return new AckId(
          encoded.substring(0, first),
          Long.parseLong(encoded, first + 1, last, Character.MAX_RADIX),
          Integer.parseInt(encoded, last + 1, encoded.length(), Character.MAX_RADIX));
    } catch (NumberFormatException e) {
      throw malformed(encoded);
    }
  }

  private static RuntimeException malformed(String encoded) {
    return Refusal.invalid(
        "You have passed an invalid ack ID to the service (ack_id=" + encoded + ").");
  }
}
