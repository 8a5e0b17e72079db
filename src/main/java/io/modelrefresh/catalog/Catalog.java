package io.modelrefresh.catalog;

import io.modelrefresh.update.FeatureUpdate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The models there are, and which of them consume a feature view. Immutable, so safe on any thread;
 * a changed configuration makes a new one.
 */
public final class Catalog {

  /** What selectors name: a project and a view, either of which may be any. */
  private record Source(Optional<String> project, Optional<String> featureView) {}

  /**
   * One model's interest in a source.
   *
   * @param position the model's place in the catalog
   * @param features the only features it consumes; empty means all
   */
  private record Consumer(int position, Set<String> features) {

    boolean consumes(FeatureUpdate update) {
      return features.isEmpty()
          || update.features().isEmpty()
          || !Collections.disjoint(features, update.features());
    }
  }

  private final Map<String, Model> models;
  private final List<Model> byPosition;
  private final Map<Source, List<Consumer>> consumers;
  private final Set<String> named;

  Catalog(List<Model> models) {
    this.byPosition = List.copyOf(models);
    Map<String, Model> byName = new LinkedHashMap<>();
    models.forEach(model -> byName.put(model.name(), model));
    this.models = Collections.unmodifiableMap(byName);
    this.consumers = index(byPosition);
    this.named = new LinkedHashSet<>();
    consumers.keySet().forEach(source -> source.featureView().ifPresent(named::add));
  }

  private static Map<Source, List<Consumer>> index(List<Model> models) {
    Map<Source, List<Consumer>> index = new HashMap<>();
    for (int position = 0; position < models.size(); position++) {
      for (var entry : featuresBySource(models.get(position)).entrySet()) {
        index
            .computeIfAbsent(entry.getKey(), source -> new ArrayList<>())
            .add(new Consumer(position, entry.getValue()));
      }
    }
    return index;
  }

  /** A selector of a whole view outweighs those that narrow it. */
  private static Map<Source, Set<String>> featuresBySource(Model model) {
    Map<Source, Set<String>> features = new LinkedHashMap<>();
    for (FeatureViewSelector selector : model.featureViews()) {
      var source = new Source(selector.project(), selector.featureView());
      Set<String> known = features.get(source);
      if (selector.feature().isEmpty()) {
        features.put(source, Set.of());
      } else if (known == null) {
        features.put(source, new LinkedHashSet<>(Set.of(selector.feature().get())));
      } else if (!known.isEmpty()) {
        known.add(selector.feature().get());
      }
    }
    return features;
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
   * <p>Costs four look-ups and the models found, whatever the number of models.
   */
  public List<Model> affectedBy(FeatureUpdate update) {
    Optional<String> view = Optional.of(update.featureView());
    Stream<Source> ofProject =
        update.project().isEmpty()
            ? Stream.empty()
            : Stream.of(
                new Source(update.project(), view), new Source(update.project(), Optional.empty()));
    Stream<Source> ofAnyProject =
        Stream.of(
            new Source(Optional.empty(), view), new Source(Optional.empty(), Optional.empty()));
    IntStream positions =
        Stream.concat(ofProject, ofAnyProject)
            .flatMap(source -> consumers.getOrDefault(source, List.of()).stream())
            .filter(consumer -> consumer.consumes(update))
            .mapToInt(Consumer::position);
    return positions.sorted().distinct().mapToObj(byPosition::get).toList();
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
