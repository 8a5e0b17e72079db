package io.modelrefresh.benchmarks.firehose;

import io.grpc.MethodDescriptor.Marshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What an AcknowledgeRequest or a ModifyAckDeadlineRequest says, read without making strings: the
 * ids as numbers of messages, -1 for one that is none of ours.
 */
final class AckIds {

  /** Field numbers of google.pubsub.v1, all under 16. */
  private static final int ACKNOWLEDGE_IDS = 2;

  private static final int MODIFY_IDS = 4;
  private static final int MODIFY_DEADLINE = 3;

  static final Marshaller<AckIds> OF_ACKNOWLEDGE = marshaller(ACKNOWLEDGE_IDS, -1);
  static final Marshaller<AckIds> OF_MODIFY = marshaller(MODIFY_IDS, MODIFY_DEADLINE);

  private int[] ids = new int[1_024];
  private int count;
  private int deadlineSeconds;

  int count() {
    return count;
  }

  int message(int index) {
    return ids[index];
  }

  int deadlineSeconds() {
    return deadlineSeconds;
  }

  private void add(int message) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
    }
    ids[count++] = message;
  }

  private static Marshaller<AckIds> marshaller(int idField, int deadlineField) {
    return new Marshaller<>() {
      @Override
      public InputStream stream(AckIds value) {
        throw new UnsupportedOperationException("only received");
      }

      @Override
      public AckIds parse(InputStream stream) {
        try {
          return read(stream.readAllBytes(), idField, deadlineField);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  private static AckIds read(byte[] bytes, int idField, int deadlineField) {
    AckIds read = new AckIds();
    int at = 0;
    while (at < bytes.length) {
      int tag = bytes[at++] & 0xff;
      int value = 0;
      for (int shift = 0; ; shift += 7) {
        byte part = bytes[at++];
        value |= (part & 0x7f) << shift;
        if (part >= 0) {
          break;
        }
      }
      int field = tag >> 3;
      if ((tag & 7) == 2) {
        if (field == idField) {
          read.add(number(bytes, at, value));
        }
        at += value;
      } else if (field == deadlineField) {
        read.deadlineSeconds = value;
      }
    }
    return read;
  }

  /** The message of an ack id, by its last eight digits. */
  static int number(String ackId) {
    byte[] bytes = ackId.getBytes(StandardCharsets.ISO_8859_1);
    return number(bytes, 0, bytes.length);
  }

  private static int number(byte[] bytes, int from, int length) {
    if (length < 8) {
      return -1;
    }
    int number = 0;
    for (int at = from + length - 8; at < from + length; at++) {
      int digit = Character.digit(bytes[at], 16);
      if (digit < 0) {
        return -1;
      }
      number = number << 4 | digit;
    }
    return number;
  }
}
