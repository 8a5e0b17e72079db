/**
 * The reactive messaging connector {@code google-cloud-pubsub}: demand-driven, bounded by
 * flow-control permits, every message settled exactly once. Knows nothing of models, and could be
 * lifted out as a library.
 */
package io.modelrefresh.pubsub;
