/**
 * Retraining jobs: enqueued once for each model, reason and window, whichever agent sees the update
 * and however often, by way of a ledger that outlives the agents.
 */
package io.modelrefresh.retraining;
