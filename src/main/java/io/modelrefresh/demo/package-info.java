/**
 * A feature store and a model server to try the agent against, for development mode. Plain classes:
 * nothing here starts by itself, and production never starts it.
 */
package io.modelrefresh.demo;
