package io.modelrefresh.operations;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.junit.jupiter.api.Assumptions;

/** A program of this machine's, which tests use where it is there. */
public final class Tool {

  private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

  private Tool() {}

  /** Whether the program is on the path. */
  public static boolean present(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }

  /** Skips the test, and says aloud what is thereby not shown, unless what it needs is there. */
  public static void needed(boolean present, String absent) {
    if (!present && SAID.add(absent)) {
      Logger.getLogger(Tool.class).warn(absent);
    }
    Assumptions.assumeTrue(present, absent);
  }

  /**
   * What the command writes to its standard output.
   *
   * @throws AssertionError with all it wrote, if it fails
   */
  public static String run(String... command) {
    return run(Map.of(), command);
  }

  /** The same, with these environment variables too. */
  static String run(Map<String, String> environment, String... command) {
    try {
      Path errors = Files.createTempFile("errors", ".txt");
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exit = process.waitFor();
      if (exit != 0) {
        throw new AssertionError(
            String.join(" ", command)
                + " ended with "
                + exit
                + ":\n"
                + output
                + Files.readString(errors));
      }
      Files.delete(errors);
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
