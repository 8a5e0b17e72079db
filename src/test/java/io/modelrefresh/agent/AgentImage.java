package io.modelrefresh.agent;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The package as its image starts it: by the entry point that the Dockerfile has, and on a JVM
 * after the same training run.
 *
 * @param directory where it starts
 */
record AgentImage(List<String> command, Path directory) {

  private static final Path DOCKER = Path.of("src/main/docker");
  private static final Path JVM_OPTIONS =
      Path.of("src/main/jib/opt/model-refresh-agent/jvm.options");

  /**
   * Makes ready in a directory what {@code agent.package} names, the jar or the executable.
   *
   * @param directory an empty one
   */
  static AgentImage of(Path directory) throws IOException {
    Path agent = Path.of(System.getProperty("agent.package")).toAbsolutePath();
    if (AgentProcess.isNative()) {
      return new AgentImage(entryPoint("Dockerfile.native", agent), directory);
    }
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path trained = directory.resolve("model-refresh-agent");
    copy(agent.getParent(), trained);
    Files.copy(JVM_OPTIONS, trained.resolve(JVM_OPTIONS.getFileName()));
    train(trained, java.getParent());
    return new AgentImage(entryPoint("Dockerfile.jvm", java), trained);
  }

  private static List<String> entryPoint(String dockerfile, Path program) throws IOException {
    String line;
    try (Stream<String> lines = Files.lines(DOCKER.resolve(dockerfile))) {
      line = lines.filter(each -> each.startsWith("ENTRYPOINT ")).findFirst().orElseThrow();
    }
    String[] command =
        new ObjectMapper().readValue(line.substring("ENTRYPOINT ".length()), String[].class);
    command[0] = program.toString();
    return Arrays.asList(command);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Files.copy(file, to.resolve(from.relativize(file)));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  private static void train(Path directory, Path javaBinaries) throws IOException {
    ProcessBuilder training =
        new ProcessBuilder(
                DOCKER.resolve("train").toAbsolutePath().toString(), directory.toString())
            .redirectErrorStream(true);
    Map<String, String> environment = training.environment();
    environment.merge("PATH", javaBinaries.toString(), (path, java) -> java + ":" + path);
    for (String port : List.of("EMULATOR_PORT", "QUARKUS_HTTP_PORT", "QUARKUS_MANAGEMENT_PORT")) {
      environment.put(port, Integer.toString(AgentProcess.freePort()));
    }
    Process process = training.start();
    String output = new String(process.getInputStream().readAllBytes());
    try {
      if (process.waitFor() != 0) {
        throw new IllegalStateException(DOCKER.resolve("train") + " failed:\n" + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    System.out.print(output);
  }

  /**
   * The same, told that it has so much memory, as the limit of its container would tell it.
   *
   * @param mebibytes of which it takes half for its heap
   */
  AgentImage within(long mebibytes) {
    List<String> limited = new ArrayList<>(command);
    if (AgentProcess.isNative()) {
      limited.replaceAll(
          option ->
              option.equals("-XX:MaximumHeapSizePercent=50")
                  ? "-Xmx" + mebibytes / 2 + "m"
                  : option);
    } else {
      limited.add(1, "-XX:MaxRAM=" + mebibytes + "m");
    }
    return new AgentImage(limited, directory);
  }

  AgentProcess start(String emulatorHost, Map<String, String> configuration) {
    return AgentProcess.start(command, directory, emulatorHost, configuration);
  }
}
