package io.modelrefresh.catalog;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address a model server listens on.
 *
 * @param scheme {@code http} or {@code https}
 * @param host a host name or an IP literal in lower case, IPv6 without brackets
 * @param port from 1 to 65535
 */
public record Endpoint(String scheme, String host, int port) {

  private static final String EXPECTED =
      "expected http(s)://host:port, several of them separated by commas, or one dns://host:port"
          + " or kubernetes://namespace/service:port";

  private static final Pattern URL = Pattern.compile("(https?)://(.*)");

  /** Underscores are in no valid host name, and yet in many a container's. */
  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?:\\[([0-9A-Fa-f:.]+)]|([A-Za-z0-9](?:[A-Za-z0-9._-]*))):([0-9]{1,5})");

  /** Reads {@code http(s)://host:port}. */
  static Endpoint parse(String url) {
    Matcher matcher = URL.matcher(url);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(EXPECTED);
    }
    return parse(matcher.group(1), matcher.group(2));
  }

  /** Reads {@code host:port}. */
  static Endpoint parse(String scheme, String hostAndPort) {
    Matcher matcher = HOST_AND_PORT.matcher(hostAndPort);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(EXPECTED);
    }
    int port = Integer.parseInt(matcher.group(3));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("expected a port from 1 to 65535");
    }
    String ipv6 = matcher.group(1);
    String host = ipv6 != null ? normalized(ipv6) : matcher.group(2).toLowerCase(Locale.ROOT);
    return new Endpoint(scheme, host, port);
  }

  /** One spelling for each address, so that the same replica is known to be the same. */
  private static String normalized(String ipv6) {
    try {
      // In brackets it is taken for a literal, and nothing is looked up.
      return InetAddress.getByName("[" + ipv6 + "]").getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("expected an IPv6 address between the brackets", e);
    }
  }

  /** {@code host:port}, IPv6 in brackets: what makes two endpoints the same replica. */
  String address() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return scheme + "://" + address();
  }
}
