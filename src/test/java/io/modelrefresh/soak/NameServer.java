package io.modelrefresh.soak;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Has a process ask a name server of ours: it sees another {@code /etc/resolv.conf}, in a mount
 * namespace of its own. Agents resolve names by Netty, which takes a port with the address. Linux
 * only, and only where a user may have namespaces.
 */
final class NameServer {

  private NameServer() {}

  /** Whether this machine lets a process have a mount namespace. */
  static boolean canBeChosen() {
    try {
      Process trial =
          new ProcessBuilder(
                  "unshare",
                  "--map-root-user",
                  "--mount",
                  "mount",
                  "--bind",
                  "/etc/resolv.conf",
                  "/etc/resolv.conf")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return trial.waitFor(10, TimeUnit.SECONDS) && trial.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** What a command begins with whose process asks the name server at this port. */
  static List<String> command(int port, Path directory) {
    try {
      Path settings =
          Files.writeString(
              directory.toAbsolutePath().resolve("resolv.conf"),
              "nameserver 127.0.0.1." + port + "\n");
      return List.of(
          "unshare",
          "--map-root-user",
          "--mount",
          "sh",
          "-c",
          "mount --bind '" + settings + "' /etc/resolv.conf && exec \"$@\"",
          "sh");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
