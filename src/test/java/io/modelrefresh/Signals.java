package io.modelrefresh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/** Stops processes in the middle of whatever they do, and lets them go on. */
public final class Signals {

  private Signals() {}

  /** SIGSTOP: its sockets stay open, and nobody answers on them. */
  public static void freeze(long pid) {
    send("STOP", pid);
  }

  public static void thaw(long pid) {
    send("CONT", pid);
  }

  private static void send(String signal, long pid) {
    try {
      new ProcessBuilder("kill", "-" + signal, Long.toString(pid))
          .start()
          .waitFor(10, TimeUnit.SECONDS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
