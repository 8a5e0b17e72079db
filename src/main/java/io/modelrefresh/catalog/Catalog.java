package io.modelrefresh.catalog;

import io.modelrefresh.update.FeatureUpdate;
import java.util.ArrayList;
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
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The models there are, and which of them consume a feature view. Immutable, so safe on any thread;
 * a changed configuration makes a new one.
 */
public final class Catalog {

  private static final FeatureViewSelector EVERY_VIEW =
      new FeatureViewSelector(Optional.empty(), Optional.empty(), Optional.empty());

  private final Map<String, Model> models;
  private final List<Model> byPosition;

  /** Who consumes a view, or several, by a selector without its feature. */
  private final Map<FeatureViewSelector, Consumers> byView = new HashMap<>();

  private final Set<String> named = new HashSet<>();

  Catalog(List<Model> models) {
    byPosition = List.copyOf(models);
    Map<String, Model> byName = new LinkedHashMap<>();
    for (int position = 0; position < byPosition.size(); position++) {
      Model model = byPosition.get(position);
      byName.put(model.name(), model);
      for (FeatureViewSelector selector : model.featureViews()) {
        byView
            .computeIfAbsent(selector.ofFeature(Optional.empty()), view -> new Consumers())
            .add(selector.feature(), position);
        selector.featureView().ifPresent(named::add);
      }
    }
    this.models = Collections.unmodifiableMap(byName);
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
   * <p>Costs at most four look-ups, one more in each for every feature named where a model narrows
   * the view, and the models found, whatever the number of models. It runs for every message.
   */
  public List<Model> affectedBy(FeatureUpdate update) {
    SortedSet<Integer> positions = new TreeSet<>();
    for (FeatureViewSelector view : views(update)) {
      Consumers consumers = byView.get(view);
      if (consumers != null) {
        consumers.collect(update.features(), positions);
      }
    }
    List<Model> affected = new ArrayList<>(positions.size());
    positions.forEach(position -> affected.add(byPosition.get(position)));
    return affected;
  }

  /**
   * The views that may be selected by, for this update: in its project, if it names one, or any.
   */
  private static List<FeatureViewSelector> views(FeatureUpdate update) {
    Optional<String> any = Optional.empty();
    Optional<String> view = Optional.of(update.featureView());
    FeatureViewSelector ofAnyProject = new FeatureViewSelector(any, view, any);
    if (update.project().isEmpty()) {
      return List.of(ofAnyProject, EVERY_VIEW);
    }
    return List.of(
        ofAnyProject,
        EVERY_VIEW,
        new FeatureViewSelector(update.project(), view, any),
        new FeatureViewSelector(update.project(), any, any));
  }

  /**
   * Whether a selector names this view, in whichever project. Views that only {@code *} or {@code
   * project/*} reaches are not named: publishers choose their names, without a bound, and this
   * decides which views get a metric label of their own.
   */
  public boolean names(String featureView) {
    return named.contains(featureView);
  }

  /** The positions of the models that consume a view: all of it, or one of its features. */
  private static final class Consumers {

    private final Set<Integer> ofAllFeatures = new LinkedHashSet<>();
    private final Map<String, Set<Integer>> ofFeature = new HashMap<>();

    void add(Optional<String> feature, int position) {
      feature
          .map(name -> ofFeature.computeIfAbsent(name, key -> new LinkedHashSet<>()))
          .orElse(ofAllFeatures)
          .add(position);
    }

    /**
     * @param features that changed; empty for all
     */
    void collect(Set<String> features, Set<Integer> positions) {
      positions.addAll(ofAllFeatures);
      if (ofFeature.isEmpty()) {
        return;
      }
      for (String feature : features.isEmpty() ? ofFeature.keySet() : features) {
        positions.addAll(ofFeature.getOrDefault(feature, Set.of()));
      }
    }
  }
}
