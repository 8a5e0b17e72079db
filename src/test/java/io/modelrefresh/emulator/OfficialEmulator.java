package io.modelrefresh.emulator;

import static org.awaitility.Awaitility.await;

import io.modelrefresh.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Google's own Pub/Sub emulator in a process of its own, where this machine has it. */
public final class OfficialEmulator implements AutoCloseable {

  public static final String ABSENT =
      "Google's official Pub/Sub emulator is not on this machine, so the conformance of the"
          + " embedded one is NOT compared with it. Install the pubsub-emulator component of the"
          + " Google Cloud SDK, or name the jar by -Dpubsub.emulator.jar or PUBSUB_EMULATOR_JAR.";

  private static final String LOOPBACK = "127.0.0.1";

  private final Process process;
  private final int port;

  private OfficialEmulator(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * By system property, by environment variable, else in the SDK that {@code gcloud} belongs to.
   */
  public static Optional<Path> jar() {
    return Stream.of(
            System.getProperty("pubsub.emulator.jar"), System.getenv("PUBSUB_EMULATOR_JAR"))
        .filter(named -> named != null && !named.isBlank())
        .findFirst()
        .map(Path::of)
        .or(OfficialEmulator::jarOfSdk)
        .filter(Files::isRegularFile);
  }

  public static OfficialEmulator start(Path jar) throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
      port = free.getLocalPort();
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(java, "-jar", jar.toString(), "--host=" + LOOPBACK, "--port=" + port)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    var emulator = new OfficialEmulator(process, port);
    await("the official emulator to listen").atMost(Patience.PATIENCE).until(emulator::listens);
    return emulator;
  }

  public String address() {
    return LOOPBACK + ":" + port;
  }

  public long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private boolean listens() {
    try (var socket = new Socket(LOOPBACK, port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<Path> jarOfSdk() {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator))
        .map(directory -> Path.of(directory, "gcloud"))
        .filter(Files::isExecutable)
        .map(OfficialEmulator::realPath)
        // SDKROOT/bin/gcloud
        .map(gcloud -> gcloud.getParent().getParent().resolve("platform/pubsub-emulator/lib"))
        .filter(Files::isDirectory)
        .flatMap(OfficialEmulator::jarsIn)
        .findFirst();
  }

  private static Stream<Path> jarsIn(Path directory) {
    try (var files = Files.list(directory)) {
      return files
          .filter(
              file -> file.getFileName().toString().matches("cloud-pubsub-emulator-.*-all\\.jar"))
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path realPath(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
