/**
 * The system test that tries to break the promise: agents as real processes, everything around them
 * failing by a schedule drawn from a seed, and an oracle that checks every update by its id.
 */
package io.modelrefresh.soak;
