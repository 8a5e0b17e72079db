/**
 * What the page at {@code /} shows: a recent history of bounded size, and a stream that tells each
 * viewer only what has changed since it was last told.
 */
package io.modelrefresh.page;
