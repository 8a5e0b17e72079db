package io.modelrefresh.operations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What the repository ships under {@code kubernetes/}, as files and as rendered by kubectl. */
final class Kustomizations {

  static final Path ROOT = Path.of("kubernetes");

  static final String NO_KUBECTL =
      "kubectl is not on this machine, so overlays are NOT rendered: only the single manifests are"
          + " checked, not what becomes of them together";

  private static final String KUSTOMIZATION = "kustomization.yaml";

  private Kustomizations() {}

  /** Every directory that renders by itself: all but components. */
  static List<Path> roots() {
    return files()
        .filter(file -> file.endsWith(KUSTOMIZATION))
        .filter(file -> !read(file).contains("kind: Component"))
        .map(Path::getParent)
        .toList();
  }

  /**
   * Every file that holds Kubernetes objects, or a part of one that a patch sets. Examples are
   * templates of objects, for the agent to render: {@code RetrainingExamplesTest} reads them.
   */
  static List<Path> manifests() {
    return files()
        .filter(file -> !file.startsWith(ROOT.resolve("examples")))
        .filter(file -> file.toString().endsWith(".yaml") && !file.endsWith(KUSTOMIZATION))
        .filter(
            file -> read(file).contains("\napiVersion:") || read(file).startsWith("apiVersion:"))
        .toList();
  }

  static Stream<Path> files() {
    try (var files = Files.walk(ROOT)) {
      return files.filter(Files::isRegularFile).sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static boolean canRender() {
    return Tool.present("kubectl");
  }

  /** What {@code kubectl apply -k} would send. */
  static String render(Path root) {
    return Tool.run("kubectl", "kustomize", root.toString());
  }

  static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
