package io.modelrefresh.benchmarks.scenarios;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The packaged agent in production mode as a process of its own. The system property {@code agent}
 * says where its jar is; the environment may hold JVM_OPTS and AGENT_OPTS.
 */
final class Agent implements AutoCloseable {

  private static final long START_SECONDS = 300;

  private final Process process;
  private final URI ready;

  private Agent(Process process, URI ready) {
    this.process = process;
    this.ready = ready;
  }

  /** Starts it and waits until it is ready. */
  static Agent start(String pubSub, String name, Map<String, String> configuration)
      throws IOException, InterruptedException {
    int management = freePort();
    Map<String, String> properties = new TreeMap<>(configuration);
    properties.put("quarkus.google.cloud.project-id", Bus.PROJECT);
    properties.put("quarkus.google.cloud.enable-metadata-server", "false");
    properties.put("quarkus.http.host", "127.0.0.1");
    properties.put("quarkus.http.port", "0");
    properties.put("quarkus.management.host", "127.0.0.1");
    properties.put("quarkus.management.port", Integer.toString(management));
    Path out = Files.createDirectories(Path.of("out"));
    Path file = out.resolve(name + ".agent.properties").toAbsolutePath();
    List<String> lines = new ArrayList<>();
    properties.forEach((key, value) -> lines.add(key + "=" + value));
    Files.write(file, lines);

    List<String> command = new ArrayList<>(List.of("java"));
    command.addAll(options("JVM_OPTS", "-Xmx512m"));
    command.addAll(options("AGENT_OPTS", ""));
    command.add("-Dsmallrye.config.locations=" + file);
    command.addAll(List.of("-jar", System.getProperty("agent")));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(out.resolve(name + ".agent.log").toFile());
    builder.environment().put("PUBSUB_EMULATOR_HOST", pubSub);
    Process process = builder.start();
    Agent agent =
        new Agent(process, URI.create("http://127.0.0.1:" + management + "/q/health/ready"));
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    agent.awaitReady();
    return agent;
  }

  private static List<String> options(String variable, String otherwise) {
    String options = System.getenv().getOrDefault(variable, otherwise).strip();
    return options.isEmpty() ? List.of() : List.of(options.split("\\s+"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!isReady()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IllegalStateException("the agent is not ready; see its log in out/");
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private boolean isReady() {
    try {
      return ((HttpURLConnection) ready.toURL().openConnection()).getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** CPU seconds used so far. */
  double cpuSeconds() {
    return process.info().totalCpuDuration().orElseThrow().toMillis() / 1_000.0;
  }

  /** Ends it, in the time that its drain may take. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (process.waitFor(30, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
