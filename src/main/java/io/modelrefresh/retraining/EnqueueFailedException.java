package io.modelrefresh.retraining;

/** A queue did not take a job, or it is not known whether it did. Names the queue and the cause. */
public final class EnqueueFailedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What stands in the way. */
  public enum Kind {
    /** Something of that name is there, and it is not this job. */
    CONFLICT,
    /** A permission is missing; the message says which. */
    FORBIDDEN,
    /** The queue's server finds the job wrong, so its template is. */
    INVALID,
    /** The queue's server cannot be reached, is too slow, or fails. */
    UNAVAILABLE
  }

  private final Kind kind;

  EnqueueFailedException(Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
