package io.modelrefresh.agent;

import io.modelrefresh.ApiServer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.Map;

/**
 * A catalog's file as the kubelet mounts a ConfigMap: {@code catalog.yaml -> ..data/catalog.yaml},
 * and {@code ..data} a link to a directory of its own for each version, replaced in one step.
 */
public final class CatalogMount implements QuarkusTestResourceLifecycleManager {

  static final String NO_MODELS = "{}";

  /** What retraining asks whether it would take a job. */
  static final ApiServer CLUSTER = new ApiServer();

  private static Path directory;
  private static int versions;

  @Override
  public Map<String, String> start() {
    try {
      CLUSTER.up();
      directory = Files.createTempDirectory("catalog");
      show(NO_MODELS);
      Path file = directory.resolve("catalog.yaml");
      Files.createSymbolicLink(file, Path.of("..data", "catalog.yaml"));
      return Map.of(
          "model-refresh.catalog.location",
          file.toString(),
          "model-refresh.catalog.check-interval",
          "50ms",
          "model-refresh.resync-interval",
          "1s",
          "model-refresh.retraining.ledger",
          "kubernetes",
          "quarkus.kubernetes-client.api-server-url",
          CLUSTER.url());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Replaces the catalog by another. */
  static synchronized void show(String yaml) {
    try {
      Path version = Files.createDirectory(directory.resolve("..version_" + ++versions));
      Files.writeString(version.resolve("catalog.yaml"), yaml);
      Path next = Files.createSymbolicLink(directory.resolve("..data_tmp"), version.getFileName());
      Files.move(next, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes the file away until another is shown. */
  static synchronized void hide() throws IOException {
    Files.delete(directory.resolve("..data"));
  }

  @Override
  public void stop() {
    CLUSTER.close();
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
