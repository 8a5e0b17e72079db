package io.modelrefresh.pubsub;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.function.Supplier;

/** The metrics of one incoming channel. Prometheus shows {@code a.b} as {@code a_b}. */
final class ChannelMeters {

  final Counter received;
  final Counter acked;
  final Counter nacked;
  final Counter redelivered;
  final Counter restarts;
  final Counter deadLettered;
  final Counter abandoned;
  final Counter expired;
  final Counter settledAgain;
  final Counter settledLate;
  final Counter leftOver;

  private final MeterRegistry registry;
  private final Tags tags;

  ChannelMeters(MeterRegistry registry, String channel, String subscription) {
    this.registry = registry;
    this.tags = Tags.of("channel", channel, "subscription", subscription);
    received = counter("pubsub.messages.received", "Messages received");
    acked = counter("pubsub.messages.acked", "Messages acknowledged");
    nacked = counter("pubsub.messages.nacked", "Messages nacked, or given back unseen");
    redelivered =
        counter(
            "pubsub.messages.redelivered",
            "Messages received again; known only with a dead-letter policy");
    restarts = counter("pubsub.stream.restarts", "Streams that ended, or could not be opened");
    deadLettered =
        counter("pubsub.messages.dead.lettered", "Messages published to the dead-letter topic");
    abandoned =
        counter(
            "pubsub.messages.abandoned",
            "Deliveries given up without a word: a later one of the same message stands for them");
    expired =
        counter(
            "pubsub.messages.expired", "Messages dropped unseen: queued past max-ack-extension");
    settledAgain = counter("pubsub.messages.settled.again", "Settlements of a settled message");
    settledLate = counter("pubsub.messages.settled.late", "Settlements past max-ack-extension");
    leftOver = counter("pubsub.messages.left.over", "Messages in flight past drain-timeout");
  }

  void gauge(String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).tags(tags).register(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).tags(tags).register(registry);
  }
}
