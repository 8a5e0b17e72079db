/**
 * Which of several agents is the active one: the holder of a Kubernetes Lease. Knows nothing of
 * what an active agent does.
 */
package io.modelrefresh.leadership;
