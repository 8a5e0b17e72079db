/**
 * What requests are made of wherever they go: templates that escape what is put into them, paths
 * that choose no host, tokens and files that others rotate.
 */
package io.modelrefresh.request;
