/**
 * From bytes and attributes to a {@link io.modelrefresh.update.FeatureUpdate}: CloudEvents in
 * binary and structured mode, and bare JSON. Knows nothing of Pub/Sub or HTTP.
 */
package io.modelrefresh.update;
