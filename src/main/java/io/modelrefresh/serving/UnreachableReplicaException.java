package io.modelrefresh.serving;

/** A replica gave no answer to a request: no connection, or one that broke. Names the request. */
final class UnreachableReplicaException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnreachableReplicaException(String message, Throwable cause) {
    super(message, cause);
  }
}
