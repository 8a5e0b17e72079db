package io.modelrefresh.catalog;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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

  /** The endpoints named: the ones listed, or the one whose host name is looked up. */
  default List<Endpoint> named() {
    if (this instanceof Static list) {
      return list.endpoints();
    }
    return List.of(((Dns) this).endpoint());
  }

  /**
   * Reads {@code http://a:8000,http://b:8000}, {@code https://...} or {@code dns://host:port}.
   *
   * @throws IllegalArgumentException saying what was expected; the text itself is left to the
   *     caller to quote
   */
  static ReplicaAddress parse(String text) {
    if (text.startsWith("kubernetes://")) {
      throw new IllegalArgumentException(
          "kubernetes:// is not supported yet; use dns://host:port with the name of a headless"
              + " service");
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
