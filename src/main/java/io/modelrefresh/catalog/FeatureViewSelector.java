package io.modelrefresh.catalog;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a model says it consumes: {@code name} (in any project), {@code project/name}, {@code
 * project/*}, {@code *}, each optionally narrowed to one feature by {@code :feature}.
 *
 * <p>A selector that names a project matches no update that names none: which project's view
 * changed is then unknown, and a publisher that uses projects says so.
 *
 * @param project the project; empty means any
 * @param featureView the view's name; empty means any
 * @param feature the one feature consumed; empty means all
 */
public record FeatureViewSelector(
    Optional<String> project, Optional<String> featureView, Optional<String> feature) {

  private static final String PART = "[^\\s/:*,]+";

  private static final Pattern SELECTOR =
      Pattern.compile(
          "(?:(?<project>PART)/)?(?:\\*|(?<view>PART))(?::(?<feature>PART))?"
              .replace("PART", PART));

  /**
   * Reads a selector as configured.
   *
   * @throws IllegalArgumentException saying what was expected; the text itself is left to the
   *     caller to quote
   */
  public static FeatureViewSelector parse(String text) {
    Matcher matcher = SELECTOR.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "expected name, project/name, project/* or *, each optionally followed by :feature");
    }
    return new FeatureViewSelector(
        Optional.ofNullable(matcher.group("project")),
        Optional.ofNullable(matcher.group("view")),
        Optional.ofNullable(matcher.group("feature")));
  }

  /** The same view or views, narrowed to this feature or to none. */
  FeatureViewSelector ofFeature(Optional<String> feature) {
    return new FeatureViewSelector(project, featureView, feature);
  }

  /** As it is configured. */
  @Override
  public String toString() {
    return project.map(name -> name + "/").orElse("")
        + featureView.orElse("*")
        + feature.map(name -> ":" + name).orElse("");
  }
}
