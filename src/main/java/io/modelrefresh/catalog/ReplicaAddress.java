package io.modelrefresh.catalog;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the replicas of a model server are to be found. */
public sealed interface ReplicaAddress {

  /** Replicas listed one by one, at least one, each once, in the order configured. */
  record Static(List<Endpoint> endpoints) implements ReplicaAddress {
    public Static {
      endpoints = List.copyOf(endpoints);
    }
  }

  /** One host name, every A and AAAA record of which is a replica, by the endpoint's scheme. */
  record Dns(Endpoint endpoint) implements ReplicaAddress {}

  /**
   * A Kubernetes service, every ready endpoint of which is a replica.
   *
   * @param scheme {@code http} or {@code https}
   * @param namespace a DNS label
   * @param service a DNS label
   * @param port the target port by its number, or the service's port by its name, as in an
   *     EndpointSlice
   */
  record Kubernetes(String scheme, String namespace, String service, String port)
      implements ReplicaAddress {

    private static final String SCHEME = "kubernetes://";
    private static final String LABEL = "([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)";
    private static final Pattern ADDRESS =
        Pattern.compile(SCHEME + LABEL + "/" + LABEL + ":" + LABEL);
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    private static Kubernetes parse(String text) {
      Matcher matcher = ADDRESS.matcher(text);
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "expected kubernetes://namespace/service:port, one and in lower case, its port the"
                + " number of the target port or the name of the service's port");
      }
      String port = matcher.group(3);
      if (NUMBER.matcher(port).matches()) {
        return new Kubernetes("http", matcher.group(1), matcher.group(2), number(port));
      }
      return new Kubernetes("http", matcher.group(1), matcher.group(2), port);
    }

    /** One spelling for each number. */
    private static String number(String port) {
      int number = port.length() > 5 ? -1 : Integer.parseInt(port);
      if (number < 1 || number > 65_535) {
        throw new IllegalArgumentException("expected a port from 1 to 65535");
      }
      return Integer.toString(number);
    }

    @Override
    public String toString() {
      return SCHEME + namespace + "/" + service + ":" + port;
    }
  }

  /** What is named, each by one spelling: models that have one in common share replicas. */
  default List<String> named() {
    if (this instanceof Static list) {
      return list.endpoints().stream().map(Endpoint::address).toList();
    }
    if (this instanceof Dns dns) {
      return List.of(dns.endpoint().address());
    }
    return List.of(toString());
  }

  /**
   * Reads {@code http://a:8000,http://b:8000}, {@code https://...}, {@code dns://host:port} or
   * {@code kubernetes://namespace/service:port}.
   *
   * @throws IllegalArgumentException saying what was expected; the text itself is left to the
   *     caller to quote
   */
  static ReplicaAddress parse(String text) {
    if (text.startsWith(Kubernetes.SCHEME)) {
      return Kubernetes.parse(text);
    }
    if (text.startsWith("dns://") && !text.contains(",")) {
      return new Dns(Endpoint.parse("http", text.substring("dns://".length())));
    }
    List<Endpoint> endpoints = new ArrayList<>();
    Set<String> addresses = new HashSet<>();
    for (String part : text.split(",", -1)) {
      Endpoint endpoint = Endpoint.parse(part.strip());
      if (!addresses.add(endpoint.address())) {
        throw new IllegalArgumentException(
            "expected each replica once, but " + endpoint.address() + " is there twice");
      }
      endpoints.add(endpoint);
    }
    return new Static(endpoints);
  }
}
