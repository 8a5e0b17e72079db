package io.modelrefresh.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;

/**
 * A file as the kubelet mounts a ConfigMap: {@code NAME -> ..data/NAME}, and {@code ..data} a link
 * to a directory of its own for each version, replaced in one step.
 */
public final class ConfigMapMount implements AutoCloseable {

  private final Path directory;
  private final String name;
  private int versions;

  public ConfigMapMount(String name, String content) {
    this.name = name;
    try {
      directory = Files.createTempDirectory("configmap");
      show(content);
      Files.createSymbolicLink(file(), Path.of("..data", name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is read. */
  public Path file() {
    return directory.resolve(name);
  }

  /** Replaces the content by another. */
  public synchronized void show(String content) {
    try {
      Path version = Files.createDirectory(directory.resolve("..version_" + ++versions));
      Files.writeString(version.resolve(name), content);
      Path next = Files.createSymbolicLink(directory.resolve("..data_tmp"), version.getFileName());
      Files.move(next, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes the file away until another content is shown. */
  public synchronized void hide() {
    try {
      Files.delete(directory.resolve("..data"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
