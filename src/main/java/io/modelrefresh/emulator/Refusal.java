package io.modelrefresh.emulator;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Collection;

/** The ways in which the emulator refuses a call, with the status codes of the real service. */
final class Refusal {

  private Refusal() {}

  static StatusRuntimeException notFound(String name) {
    return Status.NOT_FOUND
        .withDescription("Resource not found (resource=" + ResourceNames.shortName(name) + ").")
        .asRuntimeException();
  }

  static StatusRuntimeException alreadyExists(String name) {
    return Status.ALREADY_EXISTS
        .withDescription(
            "Resource already exists in the project (resource="
                + ResourceNames.shortName(name)
                + ").")
        .asRuntimeException();
  }

  static StatusRuntimeException invalid(String description) {
    return Status.INVALID_ARGUMENT.withDescription(description).asRuntimeException();
  }

  static StatusRuntimeException unsupported(String description) {
    return Status.UNIMPLEMENTED.withDescription(description).asRuntimeException();
  }

  /**
   * What an exactly-once subscription answers to stale ack ids: INVALID_ARGUMENT with an {@code
   * ErrorInfo} whose metadata maps each id to its failure ("Exactly-once delivery" in the Pub/Sub
   * documentation; Google's clients read the metadata, not the code).
   */
  static StatusRuntimeException staleAckIds(Collection<String> ackIds) {
    var info =
        ErrorInfo.newBuilder()
            .setReason("EXACTLY_ONCE_ACKID_FAILURE")
            .setDomain("pubsub.googleapis.com");
    for (String ackId : ackIds) {
      info.putMetadata(ackId, "PERMANENT_FAILURE_INVALID_ACK_ID");
    }
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(Code.INVALID_ARGUMENT_VALUE)
            .setMessage(
                "Some acknowledgement ids in the request were invalid. This could be because the"
                    + " acknowledgement ids have expired or the acknowledgement ids were malformed.")
            .addDetails(Any.pack(info.build()))
            .build());
  }
}
