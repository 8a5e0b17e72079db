package io.modelrefresh.catalog;

import io.modelrefresh.update.FeatureUpdate;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The models there are, and which of them consume a feature view. Immutable, so safe on any thread;
 * a changed configuration makes a new one.
 */
public final class Catalog {

  private final Map<String, Model> models;
  private final List<Model> byPosition;

  /** The positions of the models that have a selector. */
  private final Map<FeatureViewSelector, Set<Integer>> bySelector = new HashMap<>();

  /** As above, the selectors' features left out: who has any interest in a view. */
  private final Map<FeatureViewSelector, Set<Integer>> byView = new HashMap<>();

  private final Set<String> named = new HashSet<>();

  Catalog(List<Model> models) {
    byPosition = List.copyOf(models);
    Map<String, Model> byName = new LinkedHashMap<>();
    for (int position = 0; position < byPosition.size(); position++) {
      Model model = byPosition.get(position);
      byName.put(model.name(), model);
      for (FeatureViewSelector selector : model.featureViews()) {
        add(bySelector, selector, position);
        add(byView, selector.ofFeature(Optional.empty()), position);
        selector.featureView().ifPresent(named::add);
      }
    }
    this.models = Collections.unmodifiableMap(byName);
  }

  private static void add(
      Map<FeatureViewSelector, Set<Integer>> index, FeatureViewSelector selector, int position) {
    index.computeIfAbsent(selector, key -> new LinkedHashSet<>()).add(position);
  }

  /** All models, ordered by name. */
  public Collection<Model> models() {
    return models.values();
  }

  public Optional<Model> model(String name) {
    return Optional.ofNullable(models.get(name));
  }

  /**
   * The models that consume what the update changed, each once, ordered by name. A model that
   * narrows the view to some features is affected if the update names one of them, or names none at
   * all, which means every feature. What a selector with a project matches, an update without one
   * never is.
   *
   * <p>Costs at most four look-ups for each feature named, and the models found, whatever the
   * number of models.
   */
  public List<Model> affectedBy(FeatureUpdate update) {
    return views(update)
        .flatMap(view -> consumersOf(view, update.features()))
        .mapToInt(Integer::intValue)
        .sorted()
        .distinct()
        .mapToObj(byPosition::get)
        .toList();
  }

  /**
   * The views that may be selected by, for this update: in its project, if it names one, or any.
   */
  private static Stream<FeatureViewSelector> views(FeatureUpdate update) {
    Optional<String> any = Optional.empty();
    Optional<String> view = Optional.of(update.featureView());
    var ofAnyProject =
        Stream.of(new FeatureViewSelector(any, view, any), new FeatureViewSelector(any, any, any));
    if (update.project().isEmpty()) {
      return ofAnyProject;
    }
    return Stream.concat(
        Stream.of(
            new FeatureViewSelector(update.project(), view, any),
            new FeatureViewSelector(update.project(), any, any)),
        ofAnyProject);
  }

  private Stream<Integer> consumersOf(FeatureViewSelector view, Set<String> features) {
    if (features.isEmpty()) {
      return byView.getOrDefault(view, Set.of()).stream();
    }
    return Stream.concat(
            Stream.of(view), features.stream().map(feature -> view.ofFeature(Optional.of(feature))))
        .flatMap(selector -> bySelector.getOrDefault(selector, Set.of()).stream());
  }

  /**
   * Whether a selector names this view, in whichever project. Views that only {@code *} or {@code
   * project/*} reaches are not named: publishers choose their names, without a bound, and this
   * decides which views get a metric label of their own.
   */
  public boolean names(String featureView) {
    return named.contains(featureView);
  }
}
