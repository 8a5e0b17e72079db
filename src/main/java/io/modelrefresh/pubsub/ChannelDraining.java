package io.modelrefresh.pubsub;

import java.time.Duration;

/**
 * CDI event: the process is stopping; this channel receives nothing more, and has begun to wait for
 * the messages in flight. Whoever holds messages settles them within the timeout, or nacks them;
 * what is left then is nacked by the connector.
 *
 * <p>Fired on the thread that stops the application, before the wait: observers must not block.
 *
 * @param channel name of the channel
 * @param subscription full name, {@code projects/P/subscriptions/S}
 * @param timeout how long the connector waits
 */
public record ChannelDraining(String channel, String subscription, Duration timeout) {}
