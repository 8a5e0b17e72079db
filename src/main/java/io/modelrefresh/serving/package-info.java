/**
 * Model servers and their replicas: the protocols they speak, and how their replicas are
 * discovered.
 */
package io.modelrefresh.serving;
