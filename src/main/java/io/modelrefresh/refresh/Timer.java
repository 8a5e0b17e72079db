package io.modelrefresh.refresh;

import java.time.Duration;

/** Runs something later. */
@FunctionalInterface
public interface Timer {

  /**
   * Runs the task once, not before the delay (zero or more) has passed, on a thread of the timer's
   * and never within this call. The task is short and never blocks.
   *
   * @return cancels the task, if it has not run
   */
  Runnable after(Duration delay, Runnable task);
}
