package io.modelrefresh.agent;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/**
 * The packaged agent in production mode, as a process of its own, on ports of its own: the jar, or
 * with {@code -Dnative} the native executable, as the system property {@code agent.package} says.
 * {@code agent.options} are what its JVM, or the executable, is started with.
 */
public final class AgentProcess implements AutoCloseable {

  static final Duration START = Duration.ofSeconds(120);

  private static final String NATIVE_OPTIONS = "-Xmx512m";

  /**
   * The second compiler would cost more than it gains: most of these processes live for seconds.
   */
  private static final String JVM_OPTIONS =
      NATIVE_OPTIONS + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final Process process;
  private final int port;
  private final int managementPort;
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private final Thread reader;

  private AgentProcess(Process process, int port, int managementPort) {
    this.process = process;
    this.port = port;
    this.managementPort = managementPort;
    this.reader = new Thread(this::read, "agent-log");
    reader.setDaemon(true);
    reader.start();
  }

  /** Whether a native executable is started, not a jar. */
  static boolean isNative() {
    return !System.getProperty("agent.package").endsWith(".jar");
  }

  /** Where it reports metrics and health. */
  String managementAddress() {
    return "127.0.0.1:" + managementPort;
  }

  /** Starts an agent; does not wait for anything. */
  public static AgentProcess start(String emulatorHost, Map<String, String> configuration) {
    return start(emulatorHost, configuration, List.of());
  }

  /**
   * As above.
   *
   * @param by the beginning of the command, which executes the rest of it as the same process
   */
  public static AgentProcess start(
      String emulatorHost, Map<String, String> configuration, List<String> by) {
    Path agent = Path.of(System.getProperty("agent.package")).toAbsolutePath();
    if (!Files.isReadable(agent)) {
      throw new IllegalStateException("there is no " + agent + ": build it by ./mvnw verify");
    }
    return start(command(by, agent), agent.getParent(), emulatorHost, configuration);
  }

  /** In the directory of the package by a name without one, as the images start it. */
  private static List<String> command(List<String> by, Path agent) {
    List<String> options =
        List.of(
            System.getProperty("agent.options", isNative() ? NATIVE_OPTIONS : JVM_OPTIONS)
                .split(" "));
    List<String> command = new ArrayList<>(by);
    String name = agent.getFileName().toString();
    if (name.endsWith(".jar")) {
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(options);
      command.addAll(List.of("-jar", name));
    } else {
      command.add(agent.toString());
      command.addAll(options);
    }
    return command;
  }

  /** Starts an agent by this command in this directory. */
  static AgentProcess start(
      List<String> command,
      Path directory,
      String emulatorHost,
      Map<String, String> configuration) {
    try {
      int port;
      int managementPort;
      try (ServerSocket one = new ServerSocket(0);
          ServerSocket other = new ServerSocket(0)) {
        port = one.getLocalPort();
        managementPort = other.getLocalPort();
      }
      Map<String, String> properties = new TreeMap<>(configuration);
      properties.put("quarkus.http.port", Integer.toString(port));
      properties.put("quarkus.management.port", Integer.toString(managementPort));
      properties.put("quarkus.http.host", "127.0.0.1");
      properties.put("quarkus.management.host", "127.0.0.1");
      properties.put("quarkus.google.cloud.enable-metadata-server", "false");
      properties.putIfAbsent("quarkus.google.cloud.project-id", "it");
      Path file = Files.createTempFile("agent", ".properties");
      List<String> lines = new ArrayList<>();
      properties.forEach((key, value) -> lines.add(key + "=" + value));
      Files.write(file, lines, StandardCharsets.UTF_8);
      file.toFile().deleteOnExit();
      ProcessBuilder builder =
          new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
      builder.environment().put("SMALLRYE_CONFIG_LOCATIONS", file.toString());
      builder.environment().put("PUBSUB_EMULATOR_HOST", emulatorHost);
      return new AgentProcess(builder.start(), port, managementPort);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void read() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      lines.lines().forEach(log::add);
    } catch (IOException | UncheckedIOException e) {
      log.add("the log ended: " + e);
    }
  }

  /** Waits until it is; one that never is is killed, since nobody else may know of it yet. */
  public AgentProcess awaitReady() {
    try {
      await().atMost(START).until(() -> !process.isAlive() || readiness() == 200);
    } catch (ConditionTimeoutException e) {
      String why = liveness() < 0 ? "nothing answers" : health();
      kill();
      throw new IllegalStateException(
          "the agent is not ready: " + why + "\n" + String.join("\n", log()), e);
    }
    if (!process.isAlive()) {
      throw new IllegalStateException("the agent ended:\n" + String.join("\n", log()));
    }
    return this;
  }

  /** The status of the readiness probe; -1 while nothing answers. */
  public int readiness() {
    return status("/q/health/ready");
  }

  public int liveness() {
    return status("/q/health/live");
  }

  private int status(String path) {
    try {
      return send(HttpRequest.newBuilder(management(path)).GET().build()).statusCode();
    } catch (UncheckedIOException e) {
      return -1;
    }
  }

  public String health() {
    return send(HttpRequest.newBuilder(management("/q/health")).GET().build()).body();
  }

  public String metrics() {
    return send(HttpRequest.newBuilder(management("/q/metrics")).GET().build()).body();
  }

  public JsonNode get(String path) {
    try {
      return JSON.readTree(send(HttpRequest.newBuilder(api(path)).GET().build()).body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public HttpResponse<String> post(String path, String body) {
    return send(
        HttpRequest.newBuilder(api(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  /** Where its main port is. */
  public String url() {
    return "http://127.0.0.1:" + port;
  }

  private URI api(String path) {
    return URI.create(url() + path);
  }

  private URI management(String path) {
    return URI.create("http://127.0.0.1:" + managementPort + path);
  }

  private static HttpResponse<String> send(HttpRequest request) {
    try {
      return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Every line the process has written so far, on either stream. */
  public List<String> log() {
    synchronized (log) {
      return List.copyOf(log);
    }
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /** SIGKILL: nothing is told to anyone. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd(Duration.ofSeconds(10));
  }

  /** SIGTERM, by the handle: the process' own method would also close the log. */
  public void terminate() {
    process.toHandle().destroy();
  }

  /** Waits for the process to end by itself, and for the rest of its log. */
  public int awaitEnd(Duration atMost) {
    try {
      if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException(
            "the agent did not end within " + atMost + ":\n" + String.join("\n", log()));
      }
      reader.join(5_000);
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      kill();
    }
  }
}
