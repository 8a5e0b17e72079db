package io.modelrefresh.pubsub;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The end of all incoming channels: together they stop receiving, then each gets its {@code
 * drain-timeout}, counted from the same moment, for what is in flight.
 */
record Drain(List<PubSubInboundChannel> channels) {

  private record Draining(PubSubInboundChannel channel, CompletionStage<Void> drained) {}

  /** Blocks until nothing is in flight, or time is up and the rest is nacked. */
  void run(Duration flushTimeout) {
    var begun = System.nanoTime();
    var draining =
        channels.stream().map(channel -> new Draining(channel, channel.drain())).toList();
    for (var one : draining) {
      var left = one.channel().drainTimeout().toNanos() - (System.nanoTime() - begun);
      await(one.drained(), left);
    }
    channels.forEach(channel -> channel.close(flushTimeout));
  }

  private static void await(CompletionStage<Void> drained, long nanos) {
    try {
      drained.toCompletableFuture().get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      // The channel says so, with numbers, when it is closed.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("waiting for messages in flight cannot fail", e);
    }
  }
}
