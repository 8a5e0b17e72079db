package io.modelrefresh.catalog;

import io.modelrefresh.catalog.CatalogConfig.ModelConfig;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.SmallRyeConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.Config;

/** Makes the catalog of its configuration, or names every mistake in it. */
public final class CatalogFactory {

  private static final String MODELS = CatalogConfigReader.MODELS + ".";

  /** A name that is one segment of a key as it is. */
  private static final Predicate<String> UNQUOTED =
      Pattern.compile("[A-Za-z0-9_-]+").asMatchPredicate();

  private CatalogFactory() {}

  /**
   * The catalog of the models under {@code model-refresh.models}.
   *
   * @throws ConfigValidationException listing every unknown key and every value of a wrong type
   * @throws InvalidCatalogException listing every other mistake
   */
  public static Catalog create(Config config) {
    return create(CatalogConfigReader.read(config.unwrap(SmallRyeConfig.class)));
  }

  static Catalog create(CatalogConfig config) {
    Problems problems = new Problems();
    List<Model> models = new ArrayList<>();
    Map<ServedModel, String> served = new HashMap<>();
    // By name, so that nothing depends on the order in which configuration sources are read.
    new TreeMap<>(config.models())
        .forEach(
            (name, model) -> {
              String key = MODELS + quoted(name);
              new ModelReader(key, name, model, problems).read().ifPresent(models::add);
              requireServedOnce(key, name, model, served, problems);
            });
    problems.throwIfAny();
    return new Catalog(models);
  }

  /** Two lanes loading one server's model would undo each other's bound on unavailable replicas. */
  private static void requireServedOnce(
      String key,
      String name,
      ModelConfig model,
      Map<ServedModel, String> served,
      Problems problems) {
    for (String replica : ModelReader.replicasNamed(model)) {
      var servedModel = new ServedModel(replica, ModelReader.nameOnServer(name, model));
      String other = served.putIfAbsent(servedModel, name);
      if (other != null) {
        problems.add(
            key + ".server.model-name",
            "expected no other model with this name on %s, but %s%s names it too"
                .formatted(replica, MODELS, quoted(other)),
            servedModel.name());
        return;
      }
    }
  }

  private static String quoted(String name) {
    return UNQUOTED.test(name) ? name : '"' + name + '"';
  }

  private record ServedModel(String address, String name) {}
}
