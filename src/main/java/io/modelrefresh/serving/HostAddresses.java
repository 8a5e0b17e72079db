package io.modelrefresh.serving;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.HostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.NoopAuthoritativeDnsServerCache;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * All the addresses a host name has now, by the system's own resolver settings ({@code
 * /etc/resolv.conf} with its search domains, {@code /etc/hosts}), asked anew each time. The JDK's
 * resolver would block, cache, and not tell "none" from "unknown".
 *
 * <p>A and AAAA are asked for apart, and judged together:
 *
 * <table>
 * <caption>What two answers mean</caption>
 * <tr><th>answers</th><th>the set is</th></tr>
 * <tr><td>addresses in either</td><td>those; of both where both have some. The other's failure
 *     does not count: many resolvers answer AAAA with an error where nothing has IPv6, and waiting
 *     for them would stall every cluster that has none.</td></tr>
 * <tr><td>NOERROR without addresses, in both</td><td>known to be empty: the name exists, such as
 *     that of a headless service without ready endpoints.</td></tr>
 * <tr><td>anything else</td><td>unknown. NXDOMAIN too: a service not created yet, a typing error
 *     and a resolver that has not synced look the same, and taking them for "nothing to refresh"
 *     would acknowledge what nobody applied.</td></tr>
 * </table>
 *
 * <p>With search domains the answer for the last name tried counts, so only a name given in full is
 * ever known to be empty. In a dual-stack service each replica is found by both its addresses.
 */
final class HostAddresses {

  private static final int QUERY_TIMEOUT_MILLIS = 2_000;

  private final EventLoopGroup eventLoop =
      new NioEventLoopGroup(1, new DefaultThreadFactory("replica-dns", true));

  private final DnsNameResolver ipv4;
  private final DnsNameResolver ipv6;

  HostAddresses() {
    this(UnaryOperator.identity());
  }

  /**
   * @param settings what differs from the system's settings
   */
  HostAddresses(UnaryOperator<DnsNameResolverBuilder> settings) {
    ipv4 = resolver(ResolvedAddressTypes.IPV4_ONLY, settings);
    ipv6 = resolver(ResolvedAddressTypes.IPV6_ONLY, settings);
  }

  private DnsNameResolver resolver(
      ResolvedAddressTypes family, UnaryOperator<DnsNameResolverBuilder> settings) {
    DnsNameResolverBuilder builder =
        new DnsNameResolverBuilder(eventLoop.next())
            .datagramChannelType(NioDatagramChannel.class)
            // Some thirty addresses are more than a datagram holds.
            .socketChannelType(NioSocketChannel.class)
            .resolvedAddressTypes(family)
            .queryTimeoutMillis(QUERY_TIMEOUT_MILLIS)
            .resolveCache(NoopDnsCache.INSTANCE)
            .cnameCache(NoopDnsCnameCache.INSTANCE)
            .authoritativeDnsServerCache(NoopAuthoritativeDnsServerCache.INSTANCE);
    return settings.apply(builder).build();
  }

  /**
   * The addresses as IP literals, IPv6 without brackets. Fails, naming the host and the answers,
   * when they are unknown.
   */
  Uni<Set<String>> of(String host) {
    if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
      return Uni.createFrom().item(Set.of(host));
    }
    // Lines of a hosts file name one machine in two ways, not two machines.
    if (inHostsFile(host, ResolvedAddressTypes.IPV4_ONLY)) {
      return ask(ipv4, host).map(answer -> known(host, List.of(answer)));
    }
    if (inHostsFile(host, ResolvedAddressTypes.IPV6_ONLY)) {
      return ask(ipv6, host).map(answer -> known(host, List.of(answer)));
    }
    return Uni.combine()
        .all()
        .unis(ask(ipv4, host), ask(ipv6, host))
        .with((a, aaaa) -> known(host, List.of(a, aaaa)));
  }

  void close() {
    eventLoop.shutdownGracefully();
  }

  private static boolean inHostsFile(String host, ResolvedAddressTypes family) {
    return HostsFileEntriesResolver.DEFAULT.address(host, family) != null;
  }

  private static Set<String> known(String host, List<Answer> answers) {
    Set<String> addresses = new HashSet<>();
    StringBuilder problems = new StringBuilder();
    for (Answer answer : answers) {
      if (answer instanceof Answer.Addresses found) {
        addresses.addAll(found.literals());
      } else if (answer instanceof Answer.Unknown unknown) {
        problems.append(problems.isEmpty() ? "" : "; ").append(unknown.reason());
      }
    }
    if (addresses.isEmpty() && !problems.isEmpty()) {
      throw new IllegalStateException("dns://" + host + ": the addresses are unknown: " + problems);
    }
    return addresses;
  }

  private static Uni<Answer> ask(DnsNameResolver resolver, String host) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                resolver
                    .resolveAll(host)
                    .addListener(
                        future ->
                            emitter.complete(
                                future.isSuccess()
                                    ? addresses((List<?>) future.getNow())
                                    : noAddresses(future.cause()))));
  }

  private static Answer addresses(List<?> found) {
    Set<String> literals = new HashSet<>();
    for (Object address : found) {
      literals.add(NetUtil.toAddressString((InetAddress) address));
    }
    return new Answer.Addresses(literals);
  }

  private static Answer noAddresses(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof DnsErrorCauseException answered) {
        return answered.getCode().equals(DnsResponseCode.NOERROR)
            ? new Answer.Addresses(Set.of())
            : new Answer.Unknown(answered.getCode().toString());
      }
    }
    return new Answer.Unknown(failure.toString());
  }

  /** What was answered for one family. */
  private sealed interface Answer {

    /** NOERROR, perhaps without addresses. */
    record Addresses(Set<String> literals) implements Answer {}

    record Unknown(String reason) implements Answer {}
  }
}
