package io.modelrefresh.pubsub;

/**
 * CDI event: a channel's stream is open again after the server had ended it for good (subscription
 * deleted, permission lost). What was published in the gap may be gone.
 *
 * <p>Fired on a connector thread, which must not be blocked; the first messages of the new stream
 * may have been emitted before.
 *
 * @param channel name of the channel
 * @param subscription full name, {@code projects/P/subscriptions/S}
 * @param cause why the stream had ended, a gRPC status code such as {@code NOT_FOUND}
 */
public record SubscriptionReopened(String channel, String subscription, String cause) {}
