package io.modelrefresh.catalog;

import java.util.Optional;

/**
 * What a model says it consumes: {@code name} (in any project), {@code project/name}, {@code
 * project/*}, {@code *}, each optionally narrowed to one feature by {@code :feature}.
 *
 * @param project the project; empty means any
 * @param featureView the view's name; empty means any
 * @param feature the one feature consumed; empty means all
 */
public record FeatureViewSelector(
    Optional<String> project, Optional<String> featureView, Optional<String> feature) {}
