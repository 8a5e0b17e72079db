package io.modelrefresh.pubsub;

import java.time.Duration;

/** An outgoing channel's attributes, checked. {@link PubSubConnector} says what each means. */
record OutboundSettings(
    String channel,
    String topic,
    long maxInFlightMessages,
    long batchSize,
    long batchBytes,
    Duration batchDelay,
    boolean healthEnabled,
    boolean tracingEnabled) {

  static OutboundSettings of(
      PubSubConnectorOutgoingConfiguration configuration, PubSubServer server) {
    var channel = configuration.getChannel();
    var read = new ChannelAttributes("mp.messaging.outgoing." + channel);
    var project = configuration.getProjectId().orElseGet(server::projectId);
    return new OutboundSettings(
        channel,
        InboundSettings.topic(project, configuration.getTopic().orElse(channel)),
        read.positive("max-in-flight-messages", configuration::getMaxInFlightMessages),
        read.atMost("batch-size", 1_000, configuration::getBatchSize),
        read.bytes("batch-bytes", configuration.getBatchBytes()),
        read.duration("batch-delay", configuration.getBatchDelay()),
        read.get("health-enabled", configuration::getHealthEnabled),
        read.get("tracing-enabled", configuration::getTracingEnabled));
  }
}
