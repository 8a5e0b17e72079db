/**
 * Which models consume a feature view, and each model's policies, read from {@code
 * model-refresh.models.*}. Knows nothing of Pub/Sub or HTTP.
 */
package io.modelrefresh.catalog;
