package io.modelrefresh.benchmarks.modelserver;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Replicas whose every load is done at once and which are always ready, of whatever model: each
 * listens at an address of its own, all on one event loop.
 */
public final class InstantModelServer implements AutoCloseable {

  /** Told of each request, before it is answered, on the event loop. */
  public interface Listener {

    /**
     * @param replica from 0, as {@link #addresses} has them
     */
    void requested(int replica, boolean load, String uri);
  }

  private final EventLoopGroup loop = new NioEventLoopGroup(1);
  private final List<String> addresses = new ArrayList<>();
  private final AtomicLong loads = new AtomicLong();
  private final Listener listener;

  private InstantModelServer(int replicas, Listener listener) {
    this.listener = listener;
    for (int replica = 0; replica < replicas; replica++) {
      addresses.add(listen(replica));
    }
  }

  public static InstantModelServer start(int replicas) {
    return start(replicas, (replica, load, uri) -> {});
  }

  public static InstantModelServer start(int replicas, Listener listener) {
    return new InstantModelServer(replicas, listener);
  }

  private String listen(int replica) {
    Channel server =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    connection.pipeline().addLast(new HttpServerCodec(), new Answers(replica));
                  }
                })
            .bind(new InetSocketAddress("127.0.0.1", 0))
            .syncUninterruptibly()
            .channel();
    return "http://127.0.0.1:" + ((InetSocketAddress) server.localAddress()).getPort();
  }

  /** Of each replica, {@code http://host:port}. */
  public List<String> addresses() {
    return List.copyOf(addresses);
  }

  /** How many loads were asked for so far, of all replicas. */
  public long loads() {
    return loads.get();
  }

  @Override
  public void close() {
    loop.shutdownGracefully();
  }

  private final class Answers extends SimpleChannelInboundHandler<HttpObject> {

    private final int replica;

    Answers(int replica) {
      this.replica = replica;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
      if (part instanceof HttpRequest request) {
        boolean load = request.method().equals(HttpMethod.POST);
        if (load) {
          loads.incrementAndGet();
        }
        listener.requested(replica, load, request.uri());
      }
      if (part instanceof LastHttpContent) {
        ByteBuf body = Unpooled.wrappedBuffer(new byte[] {'{', '}'});
        FullHttpResponse answer =
            new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body);
        answer
            .headers()
            .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
            .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
        context.writeAndFlush(answer);
      }
    }
  }
}
