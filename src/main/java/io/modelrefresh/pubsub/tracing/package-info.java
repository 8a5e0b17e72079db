/**
 * OpenTelemetry: a span per message, and the context carried in the message's attributes, under the
 * names that Google's own clients use.
 */
package io.modelrefresh.pubsub.tracing;
