package io.modelrefresh.serving;

/** What a model server answered to a request. */
sealed interface ServerAnswer {

  /** Yes: the load was done, or the model is ready. */
  record Accepted() implements ServerAnswer {}

  /**
   * No.
   *
   * @param reason names the request and what was answered
   */
  record Declined(String reason) implements ServerAnswer {}
}
