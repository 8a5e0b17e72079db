package io.modelrefresh.serving;

import io.netty.channel.AddressedEnvelope;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.HostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
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
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

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
 *     does not count: a replica of a dual-stack service has an address of either family, and many
 *     resolvers answer AAAA with an error where nothing has IPv6: waiting for them would stall every
 *     cluster that has none.</td></tr>
 * <tr><td>NOERROR without addresses, in both</td><td>known to be empty: the name exists, such as
 *     that of a headless service without ready endpoints.</td></tr>
 * <tr><td>anything else</td><td>unknown. NXDOMAIN too: a service not created yet, a typing error
 *     and a resolver that has not synced look the same, and taking them for "nothing to refresh"
 *     would acknowledge what nobody applied.</td></tr>
 * </table>
 *
 * <p>In a dual-stack service each replica is found by both its addresses, and loaded by each.
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
      return lookUp(ipv4, host);
    }
    if (inHostsFile(host, ResolvedAddressTypes.IPV6_ONLY)) {
      return lookUp(ipv6, host);
    }
    return both(lookUp(ipv4, host), lookUp(ipv6, host))
        .chain(found -> found.isEmpty() ? confirmEmpty(host) : Uni.createFrom().item(found));
  }

  void close() {
    eventLoop.shutdownGracefully();
  }

  private static boolean inHostsFile(String host, ResolvedAddressTypes family) {
    return HostsFileEntriesResolver.DEFAULT.address(host, family) != null;
  }

  private static Uni<Set<String>> both(Uni<Set<String>> one, Uni<Set<String>> other) {
    return Uni.combine()
        .all()
        .unis(one, other)
        .with(
            (first, second) -> {
              Set<String> all = new HashSet<>(first);
              all.addAll(second);
              return Set.copyOf(all);
            });
  }

  /** The addresses of one family; none, too, when they could not be found out. */
  private static Uni<Set<String>> lookUp(DnsNameResolver resolver, String host) {
    return Uni.createFrom()
        .emitter(
            emitter ->
                resolver
                    .resolveAll(host)
                    .addListener(
                        future ->
                            emitter.complete(
                                future.isSuccess()
                                    ? literals((List<?>) future.getNow())
                                    : Set.of())));
  }

  private static Set<String> literals(List<?> addresses) {
    return addresses.stream()
        .map(address -> NetUtil.toAddressString((InetAddress) address))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Netty's look-up says "not found" whatever the reason, so the reason is asked for. */
  private Uni<Set<String>> confirmEmpty(String host) {
    return both(reasonForNone(host, DnsRecordType.A), reasonForNone(host, DnsRecordType.AAAA))
        .map(
            reasons -> {
              if (!reasons.isEmpty()) {
                throw new IllegalStateException(
                    "dns://"
                        + host
                        + ": the addresses are unknown, the name server answered "
                        + String.join("; ", new TreeSet<>(reasons))
                        + "; check the name and give it in full");
              }
              return Set.of();
            });
  }

  /** Why the name, given in full, may yet have addresses; nothing if it surely has none. */
  private Uni<Set<String>> reasonForNone(String host, DnsRecordType type) {
    DefaultDnsQuestion question = new DefaultDnsQuestion(host, type);
    return Uni.createFrom()
        .emitter(
            emitter ->
                ipv4.query(question)
                    .addListener(
                        future -> {
                          if (future.isSuccess()) {
                            emitter.complete(
                                reason((AddressedEnvelope<?, ?>) future.getNow(), type));
                          } else {
                            emitter.complete(
                                Set.of(
                                    "nothing for "
                                        + type.name()
                                        + ": "
                                        + future.cause().getMessage()));
                          }
                        }));
  }

  private static Set<String> reason(AddressedEnvelope<?, ?> envelope, DnsRecordType type) {
    try {
      DnsResponse response = (DnsResponse) envelope.content();
      if (!response.code().equals(DnsResponseCode.NOERROR)) {
        String code = response.code().toString().toUpperCase(Locale.ROOT);
        return Set.of(code + " for " + type.name());
      }
      boolean none = response.count(DnsSection.ANSWER) == 0 && !response.isTruncated();
      return none ? Set.of() : Set.of("otherwise when asked again for " + type.name());
    } finally {
      envelope.release();
    }
  }
}
