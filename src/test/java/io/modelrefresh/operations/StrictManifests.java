package io.modelrefresh.operations;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import java.io.IOException;
import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads manifests into typed objects as an API server with strict field validation would: a field
 * that the kind does not have, a value of another type and a key given twice are errors.
 *
 * <p>It does not know which fields are required, nor which words an enumeration has.
 */
final class StrictManifests {

  /** The kinds there are, by {@code apiVersion/kind}. */
  static final Map<String, Class<? extends HasMetadata>> KINDS = kinds();

  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());

  private static final ObjectMapper STRICT = strict();

  private StrictManifests() {}

  private static Map<String, Class<? extends HasMetadata>> kinds() {
    Map<String, Class<? extends HasMetadata>> kinds = new TreeMap<>();
    List.<Class<? extends HasMetadata>>of(
            ConfigMap.class,
            Deployment.class,
            Namespace.class,
            NetworkPolicy.class,
            PodDisruptionBudget.class,
            PodMonitor.class,
            PrometheusRule.class,
            Role.class,
            RoleBinding.class,
            Service.class,
            ServiceAccount.class)
        .forEach(
            kind ->
                kinds.put(HasMetadata.getApiVersion(kind) + "/" + HasMetadata.getKind(kind), kind));
    ConfigConnector.KINDS.forEach(
        kind -> kinds.put(HasMetadata.getApiVersion(kind) + "/" + HasMetadata.getKind(kind), kind));
    return kinds;
  }

  /** fabric8 keeps unknown fields aside, by any-setters; without those they are what they are. */
  private static ObjectMapper strict() {
    JsonMapper mapper =
        JsonMapper.builder()
            .annotationIntrospector(
                new JacksonAnnotationIntrospector() {
                  @Serial private static final long serialVersionUID = 1L;

                  @Override
                  public Boolean hasAnySetter(Annotated annotated) {
                    return false;
                  }
                })
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfig(
                LogicalType.Textual,
                config ->
                    config
                        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();
    return mapper;
  }

  /**
   * Every object in a stream of YAML documents.
   *
   * @throws InvalidManifestException naming the object, the field and what is wrong with it
   */
  static List<HasMetadata> parse(String yaml) {
    List<HasMetadata> objects = new ArrayList<>();
    for (JsonNode document : documents(yaml)) {
      objects.add(typed(document));
    }
    if (objects.isEmpty()) {
      throw new InvalidManifestException("there is no object");
    }
    return objects;
  }

  /** The documents as they are. */
  static List<JsonNode> documents(String yaml) {
    try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
      return documents.readAll().stream().filter(document -> !document.isNull()).toList();
    } catch (IOException e) {
      throw new InvalidManifestException(e.getMessage());
    }
  }

  /** An object as it is, in its type. */
  static HasMetadata typed(JsonNode document) {
    String kind = document.path("apiVersion").asText() + "/" + document.path("kind").asText();
    String name = kind + " " + document.path("metadata").path("name").asText();
    Class<? extends HasMetadata> type = KINDS.get(kind);
    if (type == null) {
      throw new InvalidManifestException(
          name + ": unknown kind, expected one of " + KINDS.keySet());
    }
    if (!document.path("metadata").path("name").isTextual()) {
      throw new InvalidManifestException(name + ": metadata.name is missing");
    }
    try {
      return STRICT.treeToValue(document, type);
    } catch (JsonProcessingException e) {
      throw new InvalidManifestException(name + ": " + e.getMessage());
    }
  }

  /** What is wrong with a manifest. */
  static final class InvalidManifestException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    InvalidManifestException(String message) {
      super(message);
    }
  }
}
