package io.modelrefresh.request;

/** A file the configuration names is of no use now. Names the key, the file and what is wrong. */
public final class UnusableFileException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnusableFileException(String message) {
    super(message);
  }
}
