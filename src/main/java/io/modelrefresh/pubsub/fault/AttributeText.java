package io.modelrefresh.pubsub.fault;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Text that Pub/Sub accepts as the value of an attribute. */
final class AttributeText {

  /** Pub/Sub's "Quotas and limits": the size of an attribute's value. */
  static final int MAX_BYTES = 1024;

  private AttributeText() {}

  /** The longest beginning whose UTF-8 fits; lone surrogates become a question mark. */
  static String truncated(String text) {
    var bytes = ByteBuffer.allocate(MAX_BYTES);
    var encoder =
        StandardCharsets.UTF_8
            .newEncoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    // Stops before the first character that does not fit as a whole.
    encoder.encode(CharBuffer.wrap(text), bytes, true);
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }
}
