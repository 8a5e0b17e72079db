package io.modelrefresh.catalog;

import java.io.StringReader;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.AnchorNode;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * How much a YAML document says once each alias is written out, as it is when it becomes keys and
 * values. A few lines whose aliases hold aliases can say more than any memory holds.
 */
final class YamlExpansion {

  /** Ten thousand models with a hundred values each. */
  static final int MOST = 1_000_000;

  private final Map<Node, Long> counted = new IdentityHashMap<>();
  private final Set<Node> within = Collections.newSetFromMap(new IdentityHashMap<>());

  private YamlExpansion() {}

  /**
   * @throws IllegalArgumentException when it is too much, or has no end
   * @throws org.yaml.snakeyaml.error.YAMLException when it is no YAML
   */
  static void requireModest(String yaml) {
    Node document = new Yaml(new LoaderOptions()).compose(new StringReader(yaml));
    if (document != null && new YamlExpansion().count(document) > MOST) {
      throw new IllegalArgumentException(
          "expected at most " + MOST + " values once its aliases are written out");
    }
  }

  /** The depth is bounded by the parser. */
  private long count(Node node) {
    Node real = node instanceof AnchorNode alias ? alias.getRealNode() : node;
    Long known = counted.get(real);
    if (known != null) {
      return known;
    }
    if (!within.add(real)) {
      throw new IllegalArgumentException("an alias stands within what it stands for");
    }
    long values = 1;
    if (real instanceof SequenceNode sequence) {
      for (Node item : sequence.getValue()) {
        values += count(item);
      }
    } else if (real instanceof MappingNode mapping) {
      for (var entry : mapping.getValue()) {
        values += count(entry.getKeyNode()) + count(entry.getValueNode());
      }
    }
    within.remove(real);
    values = Math.min(values, MOST + 1L);
    counted.put(real, values);
    return values;
  }
}
