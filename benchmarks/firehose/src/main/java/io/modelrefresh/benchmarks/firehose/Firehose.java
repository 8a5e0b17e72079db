package io.modelrefresh.benchmarks.firehose;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.modelrefresh.benchmarks.modelserver.InstantModelServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * A Pub/Sub server whose only aim is to be cheaper than any consumer: it serves messages that were
 * serialised before the run, reads ack ids without making strings, and runs on one event loop.
 * Loopback only; no authentication, no durability. Ends by itself once every message is acked, with
 * one line {@code RESULT}. Runs the instant model servers as well, for the consumer that needs
 * some.
 */
public final class Firehose {

  private Firehose() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Options options = Options.of(arguments);
    Messages messages = new Messages(options);
    Backlog backlog =
        new Backlog(messages, options, new Measurement(messages.count(), options.consumerPid()));
    Server server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()))
            .bossEventLoopGroup(new NioEventLoopGroup(1))
            .workerEventLoopGroup(new NioEventLoopGroup(1))
            .channelType(NioServerSocketChannel.class)
            .directExecutor()
            .maxInboundMessageSize(64 << 20)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(new SubscriberService(backlog).definition())
            .addService(new PublisherService())
            .build()
            .start();
    InstantModelServer replicas = InstantModelServer.start(options.replicas());
    System.gc(); // Of building the messages, so that none is left to do in the run.
    System.out.println(
        "READY 127.0.0.1:" + server.getPort() + " " + String.join(",", replicas.addresses()));

    String before = "";
    while (!backlog.done().await(1, TimeUnit.SECONDS)) {
      synchronized (backlog) {
        backlog.expire();
        String progress = backlog.measurement().progress();
        if (!progress.equals(before)) {
          System.err.println(progress);
          before = progress;
        }
      }
    }
    Thread.sleep(300); // Lets the last answers out.
    synchronized (backlog) {
      System.out.println(backlog.measurement().result() + " loads=" + replicas.loads());
    }
    System.exit(0);
  }
}
