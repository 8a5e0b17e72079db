package io.modelrefresh.pubsub;

import com.google.pubsub.v1.ProjectSubscriptionName;
import com.google.pubsub.v1.ProjectTopicName;
import java.time.Duration;
import java.util.Optional;

/** An incoming channel's attributes, checked. {@link PubSubConnector} says what each means. */
record InboundSettings(
    String channel,
    ProjectSubscriptionName subscription,
    Optional<String> topic,
    long maxOutstandingMessages,
    long maxOutstandingBytes,
    Duration maxAckExtension,
    Optional<Duration> minDurationPerAckExtension,
    Optional<Duration> maxDurationPerAckExtension,
    boolean exactlyOnce,
    Duration ackTimeout,
    boolean orderedByKey,
    String failureStrategy,
    Optional<String> deadLetterTopic,
    Duration drainTimeout,
    Duration restartMaxWait,
    Duration keepAliveInterval,
    boolean healthEnabled,
    boolean tracingEnabled,
    Optional<Duration> unprocessedMessageMaxAge) {

  private static final long DEFAULT_OUTSTANDING_BYTES = 100 << 20;

  static InboundSettings of(
      PubSubConnectorIncomingConfiguration configuration, PubSubServer server) {
    var channel = configuration.getChannel();
    var plain = ChannelAttributes.plainName(channel);
    var read = new ChannelAttributes("mp.messaging.incoming." + plain);
    var project = configuration.getProjectId().orElseGet(server::projectId);
    var minimum = configuration.getMinDurationPerAckExtension();
    var maximum = configuration.getMaxDurationPerAckExtension();
    return new InboundSettings(
        channel,
        subscription(project, configuration.getSubscription().orElse(plain)),
        configuration.getTopic(),
        read.positive("max-outstanding-messages", configuration::getMaxOutstandingMessages),
        configuration
            .getMaxOutstandingBytes()
            .map(value -> read.bytes("max-outstanding-bytes", value))
            .orElseGet(InboundSettings::affordableBytes),
        read.duration("max-ack-extension", configuration.getMaxAckExtension()),
        minimum.map(value -> read.duration("min-duration-per-ack-extension", value)),
        maximum.map(value -> read.duration("max-duration-per-ack-extension", value)),
        read.get("exactly-once", configuration::getExactlyOnce),
        read.duration("ack-timeout", configuration.getAckTimeout()),
        read.oneOf("ordered", configuration.getOrdered(), "none", "key").equals("key"),
        configuration.getFailureStrategy(),
        configuration.getDeadLetterTopic().map(topic -> topic(project, topic)),
        read.duration("drain-timeout", configuration.getDrainTimeout()),
        read.duration("restart.max-wait", configuration.getRestartMaxWait()),
        read.duration("keep-alive-interval", configuration.getKeepAliveInterval()),
        read.get("health-enabled", configuration::getHealthEnabled),
        read.get("tracing-enabled", configuration::getTracingEnabled),
        configuration
            .getUnprocessedMessageMaxAge()
            .map(value -> read.duration("unprocessed-message-max-age", value)));
  }

  /** A message takes a little more than its bytes while it is held, and its content, read, more. */
  private static long affordableBytes() {
    return Math.min(DEFAULT_OUTSTANDING_BYTES, Runtime.getRuntime().maxMemory() / 4);
  }

  /** Names may be short, or full: {@code projects/P/subscriptions/S}. */
  static ProjectSubscriptionName subscription(String project, String name) {
    return ProjectSubscriptionName.isParsableFrom(name)
        ? ProjectSubscriptionName.parse(name)
        : ProjectSubscriptionName.of(project, name);
  }

  /** Names may be short, or full: {@code projects/P/topics/T}. */
  static String topic(String project, String name) {
    return ProjectTopicName.isParsableFrom(name) ? name : ProjectTopicName.format(project, name);
  }
}
