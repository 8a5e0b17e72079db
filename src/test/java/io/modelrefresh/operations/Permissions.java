package io.modelrefresh.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.rbac.Role;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the roles that are shipped grant, and what a request to an API server needs: {@code verb
 * resource.group}, and the name where it is of one object.
 */
public final class Permissions {

  private static final Pattern PATH =
      Pattern.compile("/apis?/(?:([^/]+)/)?v\\w+/namespaces/[^/]+/([^/]+)(?:/([^/]+))?");

  private Permissions() {}

  /** By all roles together, of objects of whatever name. */
  public static Set<String> granted() {
    Set<String> granted = new TreeSet<>();
    Kustomizations.manifests().stream()
        .filter(file -> file.endsWith("role.yaml"))
        .map(file -> Kustomizations.ROOT.relativize(file).toString())
        .forEach(file -> granted(file).forEach(each -> granted.add(ofAnyName(each))));
    return granted;
  }

  /** By one role; the name is there where it is granted for one object only. */
  static Set<String> granted(String file) {
    Set<String> granted = new TreeSet<>();
    var role =
        (Role) StrictManifests.parse(Kustomizations.read(Kustomizations.ROOT.resolve(file))).get(0);
    for (var rule : role.getRules()) {
      for (String group : rule.getApiGroups()) {
        for (String resource : rule.getResources()) {
          for (String verb : rule.getVerbs()) {
            String kind = verb + " " + resource + (group.isEmpty() ? "" : "." + group);
            if (rule.getResourceNames().isEmpty()) {
              granted.add(kind);
            }
            rule.getResourceNames().forEach(name -> granted.add(kind + " " + name));
          }
        }
      }
    }
    return granted;
  }

  /**
   * By Kubernetes' documentation, Authorization: request verbs.
   *
   * @param uri its path and query
   */
  public static String needed(String method, String uri) {
    String[] parts = uri.split("\\?", 2);
    Matcher path = PATH.matcher(parts[0]);
    assertThat(path.matches()).as("%s is a path of namespaced resources", uri).isTrue();
    boolean one = path.group(3) != null;
    boolean watched =
        parts.length == 2 && Arrays.asList(parts[1].split("&")).contains("watch=true");
    String verb =
        switch (method) {
          case "GET" -> one ? "get" : watched ? "watch" : "list";
          case "POST" -> "create";
          case "PUT" -> "update";
          case "PATCH" -> "patch";
          case "DELETE" -> "delete";
          default -> throw new AssertionError(method + " " + uri);
        };
    return verb
        + " "
        + path.group(2)
        + (path.group(1) == null ? "" : "." + path.group(1))
        + (one ? " " + path.group(3) : "");
  }

  /** The same for an object of whatever name. */
  public static String ofAnyName(String permission) {
    String[] words = permission.split(" ");
    return words[0] + " " + words[1];
  }
}
