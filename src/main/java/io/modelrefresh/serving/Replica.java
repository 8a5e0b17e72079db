package io.modelrefresh.serving;

/**
 * One running instance of a model server, by address.
 *
 * @param scheme {@code http} or {@code https}
 * @param host a host name or an IP literal, IPv6 without brackets
 */
public record Replica(String scheme, String host, int port) {

  /** {@code scheme://host:port}, the name a replica has in logs and in the API. */
  @Override
  public String toString() {
    return scheme + "://" + hostInUri() + ":" + port;
  }

  /** The host as a URI and the Host header have it: an IPv6 literal in brackets. */
  String hostInUri() {
    return host.contains(":") ? "[" + host + "]" : host;
  }
}
