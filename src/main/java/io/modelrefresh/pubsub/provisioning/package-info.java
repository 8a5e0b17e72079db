/**
 * Whether the topics and subscriptions that a consumer needs are there and may be used, and the
 * making of those that are missing.
 */
package io.modelrefresh.pubsub.provisioning;
