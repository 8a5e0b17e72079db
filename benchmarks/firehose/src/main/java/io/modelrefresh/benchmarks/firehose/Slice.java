package io.modelrefresh.benchmarks.firehose;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Serialised bytes that gRPC copies into its frames as they are: a response without an object. */
final class Slice extends ByteArrayInputStream implements KnownLength, Drainable {

  static final Marshaller<Slice> MARSHALLER =
      new Marshaller<>() {
        @Override
        public InputStream stream(Slice slice) {
          return slice;
        }

        @Override
        public Slice parse(InputStream stream) {
          throw new UnsupportedOperationException("only sent");
        }
      };

  Slice(byte[] bytes, int from, int to) {
    super(bytes, from, to - from);
  }

  /** An empty message of whatever type. */
  static Slice empty() {
    return new Slice(new byte[0], 0, 0);
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int drained = available();
    target.write(buf, pos, drained);
    pos = count;
    return drained;
  }
}
