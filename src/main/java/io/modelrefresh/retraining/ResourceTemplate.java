package io.modelrefresh.retraining;

import io.modelrefresh.request.Excerpt;
import io.modelrefresh.request.RequestTemplate;
import io.modelrefresh.request.RequestTemplate.Syntax;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A Qute template of one Kubernetes resource in YAML. Values are written as within JSON's quotes,
 * which are YAML's too: {@code "{job.model}"}. A template in which a value could change more than
 * itself, because it stands outside of quotes, is refused.
 *
 * <p>The file is read anew each time, so it may be a mounted ConfigMap that changes. Blocks.
 */
final class ResourceTemplate {

  /** The beginning of a mapping in YAML's flow style, which Qute would take for an expression. */
  private static final Pattern FLOW_MAPPING = Pattern.compile("\\{(?=[\\w./-]+:\\s)");

  private final Path file;

  ResourceTemplate(Path file) {
    this.file = file;
  }

  /**
   * The resource for this job.
   *
   * @throws IllegalArgumentException naming the file and, where it is known, the line
   */
  Map<String, Object> render(RetrainingJob job) {
    return resource(template(), job);
  }

  /**
   * Tries the template with samples.
   *
   * @throws IllegalArgumentException naming the file and, where it is known, the line
   */
  void check(String model) {
    RequestTemplate template = template();
    List<RetrainingJob> harmless = SampleJobs.harmless(model);
    harmless.forEach(sample -> resource(template, sample));
    Object wanted = resource(template, harmless.get(harmless.size() - 1));
    Object got;
    try {
      got = resource(template, SampleJobs.hostile(model));
    } catch (IllegalArgumentException e) {
      throw unquoted(e.getMessage());
    }
    try {
      difference(wanted, got, "")
          .ifPresent(
              place -> {
                throw unquoted(file + ": " + place);
              });
    } catch (StackOverflowError e) {
      throw new IllegalArgumentException(
          file + ": an alias (*) in it stands for something that it is a part of", e);
    }
  }

  private static IllegalArgumentException unquoted(String where) {
    return new IllegalArgumentException(
        where
            + " (when an event holds special characters: write every value within double quotes,"
            + " such as \"{job.detail}\")");
  }

  private RequestTemplate template() {
    return new RequestTemplate(
        FLOW_MAPPING.matcher(text()).replaceAll("\\\\{"), file.toString(), Syntax.JSON);
  }

  private String text() {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(file + ": there is no such file", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + ": it cannot be read (" + e + ")", e);
    }
  }

  private Map<String, Object> resource(RequestTemplate template, RetrainingJob job) {
    String yaml = template.render(job.variables());
    Object loaded;
    try {
      loaded =
          new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(yaml);
    } catch (MarkedYamlEngineException e) {
      String line =
          e.getProblemMark()
              .map(mark -> "line " + (mark.getLine() + 1) + " of what it renders to: ")
              .orElse("");
      throw new IllegalArgumentException(file + ": " + line + Excerpt.of(e.getProblem()), e);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException(file + ": " + Excerpt.of(e.getMessage()), e);
    }
    if (!(loaded instanceof Map<?, ?> map)
        || !(map.get("apiVersion") instanceof String)
        || !(map.get("kind") instanceof String)
        || map.containsKey("metadata") && !(map.get("metadata") instanceof Map)) {
      throw new IllegalArgumentException(
          file + ": expected one Kubernetes resource, with apiVersion and kind");
    }
    @SuppressWarnings("unchecked") // YAML's keys are text here; others no API server takes.
    Map<String, Object> resource = (Map<String, Object>) map;
    return resource;
  }

  /** Where two documents differ in anything but the text of values. */
  private static Optional<String> difference(Object one, Object other, String path) {
    if (one instanceof Map<?, ?> map && other instanceof Map<?, ?> otherMap) {
      if (!map.keySet().equals(otherMap.keySet())) {
        return Optional.of("the keys of " + place(path) + " change");
      }
      return map.keySet().stream()
          .flatMap(key -> difference(map.get(key), otherMap.get(key), path + "." + key).stream())
          .findFirst();
    }
    if (one instanceof List<?> list && other instanceof List<?> otherList) {
      if (list.size() != otherList.size()) {
        return Optional.of("the number of items of " + place(path) + " changes");
      }
      for (int i = 0; i < list.size(); i++) {
        Optional<String> found = difference(list.get(i), otherList.get(i), path + "[" + i + "]");
        if (found.isPresent()) {
          return found;
        }
      }
      return Optional.empty();
    }
    boolean same =
        one == null ? other == null : other != null && one.getClass() == other.getClass();
    return same ? Optional.empty() : Optional.of("the type of " + place(path) + " changes");
  }

  private static String place(String path) {
    return path.isEmpty() ? "the resource" : path.substring(1);
  }
}
