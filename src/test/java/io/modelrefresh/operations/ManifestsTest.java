package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelrefresh.operations.StrictManifests.InvalidManifestException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every manifest is what an API server with strict field validation would take. */
class ManifestsTest {

  static Stream<Path> manifests() {
    return Kustomizations.manifests().stream();
  }

  static Stream<Path> roots() {
    return Kustomizations.roots().stream();
  }

  static Stream<String> kinds() {
    return examples().keySet().stream();
  }

  /** An object of each kind, as the repository has it. */
  private static Map<String, JsonNode> examples() {
    Map<String, JsonNode> examples = new TreeMap<>();
    // Only ever generated, so in no file.
    examples.put(
        "ConfigMap",
        StrictManifests.documents("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}").get(0));
    for (Path file : Kustomizations.manifests()) {
      for (JsonNode document : StrictManifests.documents(Kustomizations.read(file))) {
        examples.putIfAbsent(document.get("kind").asText(), document);
      }
    }
    return examples;
  }

  @ParameterizedTest
  @MethodSource("manifests")
  void aManifestHasOnlyFieldsItsKindHas(Path file) {
    assertThat(StrictManifests.parse(Kustomizations.read(file))).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("roots")
  void anOverlayRendersToObjectsWithOnlyFieldsTheirKindHas(Path root) {
    Tool.needed(Kustomizations.canRender(), Kustomizations.NO_KUBECTL);

    assertThat(StrictManifests.parse(Kustomizations.render(root))).isNotEmpty();
  }

  @Test
  void theOverlaysOfTheReadmeAreThere() {
    assertThat(Kustomizations.roots())
        .map(root -> Kustomizations.ROOT.relativize(root).toString())
        .containsExactlyInAnyOrder(
            "base", "config-connector", "overlays/dev-emulator", "overlays/gke");
  }

  // ---- The check itself: an error planted in each kind is caught ----

  @ParameterizedTest
  @MethodSource("kinds")
  void anUnknownFieldIsCaughtInEveryKind(String kind) {
    ObjectNode planted = examples().get(kind).deepCopy();
    ObjectNode into = planted.get("spec") instanceof ObjectNode spec ? spec : planted;
    into.put("replicsa", 2);

    assertThatThrownBy(() -> StrictManifests.typed(planted))
        .isInstanceOf(InvalidManifestException.class)
        .hasMessageContaining(kind)
        .hasMessageContaining("replicsa");
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aValueOfAnotherTypeIsCaughtInEveryFieldThatIsUsedOfEveryKind(String kind) {
    JsonNode example = examples().get(kind);
    List<String> leaves = new ArrayList<>();
    leaves(example, "", leaves);

    assertThat(leaves)
        .isNotEmpty()
        .allSatisfy(
            leaf -> {
              JsonNode planted = example.deepCopy();
              put(planted, leaf, ofAnotherType(leaf, example.at(leaf)));
              assertThatThrownBy(() -> StrictManifests.typed(planted))
                  .isInstanceOf(InvalidManifestException.class)
                  .hasMessageContaining(kind);
            });
  }

  /** A number as well as a word, by the API. */
  private static final Set<String> EITHER =
      Set.of(
          "port", "targetPort", "maxSurge", "maxUnavailable", "cpu", "memory", "sizeLimit", "expr");

  private static JsonNode ofAnotherType(String leaf, JsonNode value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (EITHER.contains(leaf.substring(leaf.lastIndexOf('/') + 1))) {
      return nodes.objectNode();
    }
    return value.isTextual() ? nodes.numberNode(7) : nodes.textNode(value.asText());
  }

  /** The JSON pointers of all that is neither an object nor an array, but what tells the kind. */
  private static void leaves(JsonNode node, String pointer, List<String> leaves) {
    if (node.isObject()) {
      node.properties()
          .forEach(field -> leaves(field.getValue(), pointer + "/" + escaped(field), leaves));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        leaves(node.get(i), pointer + "/" + i, leaves);
      }
    } else if (!pointer.equals("/apiVersion") && !pointer.equals("/kind")) {
      leaves.add(pointer);
    }
  }

  private static String escaped(Map.Entry<String, JsonNode> field) {
    return field.getKey().replace("~", "~0").replace("/", "~1");
  }

  private static void put(JsonNode document, String leaf, JsonNode value) {
    JsonPointer pointer = JsonPointer.compile(leaf);
    JsonNode parent = document.at(pointer.head());
    if (parent instanceof ArrayNode array) {
      array.set(pointer.last().getMatchingIndex(), value);
    } else {
      ((ObjectNode) parent).set(pointer.last().getMatchingProperty(), value);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aMissingNameIsCaughtInEveryKind(String kind) {
    JsonNode planted = examples().get(kind).deepCopy();
    ((ObjectNode) planted.get("metadata")).remove("name");

    assertThatThrownBy(() -> StrictManifests.typed(planted))
        .isInstanceOf(InvalidManifestException.class)
        .hasMessageContaining(kind)
        .hasMessageContaining("metadata.name is missing");
  }

  @Test
  void anUnknownFieldIsCaughtHoweverDeepItIs() {
    assertRefused(
        "deployment.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalations: false");
    assertRefused("deployment.yaml", "  port: management\n", "  prot: management\n");
    assertRefused("network-policy.yaml", "ports:", "port:");
    assertRefused("role.yaml", "apiGroups:", "apiGroup:");
    assertRefused("prometheus-rule.yaml", "for: 1m", "during: 1m");
    assertRefused("pod-monitor.yaml", "interval:", "intervall:");
    assertRefused("subscriptions.yaml", "minimumBackoff:", "minBackoff:");
  }

  @Test
  void aValueOfAnotherTypeIsCaught() {
    assertRefused("deployment.yaml", "replicas: 2", "replicas: two");
    assertRefused("deployment.yaml", "replicas: 2", "replicas: \"2\"");
    assertRefused("deployment.yaml", "replicas: 2", "replicas: 2.5");
    assertRefused("deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: \"true\"");
    assertRefused("deployment.yaml", "drop: [ALL]", "drop: ALL");
    assertRefused("namespace.yaml", "enforce: restricted", "enforce: true");
    assertRefused("emulator.yaml", "value: /tmp\n", "value: 1\n");
  }

  @Test
  void aKeyGivenTwiceIsCaught() {
    assertRefused("deployment.yaml", "replicas: 2", "replicas: 2\n  replicas: 3");
  }

  @Test
  void aKindNobodyKnowsAnObjectWithoutNameAndAnEmptyFileAreCaught() {
    assertRefused("deployment.yaml", "kind: Deployment", "kind: Deploiment");
    assertRefused("deployment.yaml", "apiVersion: apps/v1", "apiVersion: apps/v1beta1");
    assertRefused("service.yaml", "  name: model-refresh-agent\n  labels", "  labels");
    assertThatThrownBy(() -> StrictManifests.parse("# nothing\n"))
        .isInstanceOf(InvalidManifestException.class);
  }

  @Test
  void everyKindThatIsCheckedIsUsed() {
    List<String> used = List.copyOf(examples().keySet());

    assertThat(StrictManifests.KINDS.keySet())
        .map(kind -> kind.substring(kind.lastIndexOf('/') + 1))
        .containsExactlyInAnyOrderElementsOf(used);
  }

  private static void assertRefused(String name, String right, String wrong) {
    Path file =
        Kustomizations.manifests().stream()
            .filter(manifest -> manifest.endsWith(name))
            .findFirst()
            .orElseGet(() -> fail("there is no " + name));
    String manifest = Kustomizations.read(file);
    assertThat(manifest).contains(right);

    assertThatThrownBy(() -> StrictManifests.parse(manifest.replace(right, wrong)))
        .as("%s instead of %s", wrong, right)
        .isInstanceOf(InvalidManifestException.class);
  }
}
