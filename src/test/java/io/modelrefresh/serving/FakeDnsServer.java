package io.modelrefresh.serving;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuery;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsOpCode;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.handler.codec.dns.TcpDnsQueryDecoder;
import io.netty.handler.codec.dns.TcpDnsResponseEncoder;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A DNS server on 127.0.0.1, UDP and TCP, that answers as told. A name it was told nothing about is
 * NXDOMAIN.
 */
public final class FakeDnsServer implements AutoCloseable {

  private record Answer(DnsResponseCode code, List<String> addresses) {}

  /** So that 40 addresses have to be asked for by TCP, as with a resolver that has no EDNS. */
  private static final int MOST_RECORDS_IN_A_DATAGRAM = 25;

  private final EventLoopGroup eventLoop =
      new NioEventLoopGroup(1, new DefaultThreadFactory("fake-dns", true));

  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Set<String> silent = ConcurrentHashMap.newKeySet();
  private final Channel udp;
  private final Channel tcp;

  public FakeDnsServer() {
    // The port has to be free for UDP and TCP both, and nobody hands out such a pair.
    for (int attempt = 1; ; attempt++) {
      Channel datagrams = bindUdp();
      ChannelFuture streams = bindTcp(datagrams.localAddress()).awaitUninterruptibly();
      if (streams.isSuccess()) {
        udp = datagrams;
        tcp = streams.channel();
        return;
      }
      datagrams.close().syncUninterruptibly();
      if (attempt == 20) {
        throw new IllegalStateException("no port is free for UDP and TCP", streams.cause());
      }
    }
  }

  private Channel bindUdp() {
    return new Bootstrap()
        .group(eventLoop)
        .channel(NioDatagramChannel.class)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        new DatagramDnsQueryDecoder(), new DatagramDnsResponseEncoder(), new Udp());
              }
            })
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  private ChannelFuture bindTcp(SocketAddress address) {
    return new ServerBootstrap()
        .group(eventLoop)
        .channel(NioServerSocketChannel.class)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(new TcpDnsQueryDecoder(), new TcpDnsResponseEncoder(), new Tcp());
              }
            })
        .bind(address);
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) udp.localAddress();
  }

  /** The name has these addresses, of one family; none is NOERROR without an answer. */
  public FakeDnsServer answer(String name, DnsRecordType family, String... addresses) {
    answers.put(key(name, family), new Answer(DnsResponseCode.NOERROR, List.of(addresses)));
    return this;
  }

  public FakeDnsServer fail(String name, DnsRecordType family, DnsResponseCode code) {
    answers.put(key(name, family), new Answer(code, List.of()));
    return this;
  }

  /** Never answers for this name. */
  public FakeDnsServer ignore(String name, DnsRecordType family) {
    silent.add(key(name, family));
    return this;
  }

  @Override
  public void close() {
    udp.close();
    tcp.close();
    eventLoop.shutdownGracefully();
  }

  private static String key(String name, DnsRecordType family) {
    return name + ". " + family.name();
  }

  private boolean ignored(DnsQuestion question) {
    return silent.contains(question.name() + " " + question.type().name());
  }

  private <R extends DnsResponse> R filled(R response, DnsQuestion question, int most) {
    Answer answer =
        answers.getOrDefault(
            question.name() + " " + question.type().name(),
            new Answer(DnsResponseCode.NXDOMAIN, List.of()));
    response.setRecursionAvailable(true).setCode(answer.code());
    response.addRecord(
        DnsSection.QUESTION, new DefaultDnsQuestion(question.name(), question.type()));
    response.setTruncated(answer.addresses().size() > most);
    answer.addresses().stream()
        .limit(most)
        .forEach(
            ip ->
                response.addRecord(
                    DnsSection.ANSWER,
                    new DefaultDnsRawRecord(
                        question.name(),
                        question.type(),
                        600,
                        Unpooled.wrappedBuffer(NetUtil.createByteArrayFromIpAddressString(ip)))));
    return response;
  }

  private final class Udp extends SimpleChannelInboundHandler<DatagramDnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
      DnsQuestion question = query.recordAt(DnsSection.QUESTION);
      if (!ignored(question)) {
        DatagramDnsResponse response =
            new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
        context.writeAndFlush(filled(response, question, MOST_RECORDS_IN_A_DATAGRAM));
      }
    }
  }

  private final class Tcp extends SimpleChannelInboundHandler<DefaultDnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DefaultDnsQuery query) {
      DnsQuestion question = query.recordAt(DnsSection.QUESTION);
      DefaultDnsResponse response = new DefaultDnsResponse(query.id(), DnsOpCode.QUERY);
      context.writeAndFlush(filled(response, question, Integer.MAX_VALUE));
    }
  }
}
